// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/hostname.hpp"

#include <gtest/gtest.h>

namespace gw::ir {
namespace {

Hostname v1(const char* text) { return Hostname::parse(text); }
Hostname legacy(const char* text) { return Hostname::parse(text, WildcardLabels::One); }

std::string common(const Hostname& a, const Hostname& b) {
  const auto both = intersect(a, b);
  EXPECT_EQ(both, intersect(b, a)) << "the order does not matter";
  return both ? both->to_string() : "none";
}

TEST(Hostname, WildcardsTakeOneLabelOrMoreButNotTheApex) {
  EXPECT_TRUE(v1("*.example.com").matches("a.example.com"));
  EXPECT_TRUE(v1("*.example.com").matches("a.b.example.com"));
  EXPECT_FALSE(v1("*.example.com").matches("example.com"));
  EXPECT_FALSE(v1("*.example.com").matches("aexample.com"));
  EXPECT_TRUE(legacy("*.example.com").matches("a.example.com"));
  EXPECT_FALSE(legacy("*.example.com").matches("a.b.example.com"));
  EXPECT_TRUE(v1("").matches("anything"));
}

TEST(Hostname, Intersections) {
  EXPECT_EQ(common(v1(""), v1("a.example.com")), "a.example.com");
  EXPECT_EQ(common(v1("A.example.com"), v1("a.example.com")), "a.example.com");
  EXPECT_EQ(common(v1("*.example.com"), v1("a.b.example.com")), "a.b.example.com");
  EXPECT_EQ(common(v1("*.example.com"), v1("example.com")), "none");
  EXPECT_EQ(common(v1("*.example.com"), v1("*.a.example.com")), "*.a.example.com");
  EXPECT_EQ(common(v1("*.example.com"), v1("*.example.com")), "*.example.com");
  EXPECT_EQ(common(v1("*.example.com"), v1("*.example.org")), "none");
  EXPECT_EQ(common(legacy("*.example.com"), legacy("*.a.example.com")), "none");
  EXPECT_EQ(common(legacy("*.example.com"), legacy("a.example.com")), "a.example.com");
}

/// What is looked up for a name is what takes it, and in the order of precedence.
TEST(Hostname, HostnamesThatTakeANameComeMostSpecificFirst) {
  const auto taking = hostnames_taking("a.b.example.com");
  for (const auto& hostname : taking) EXPECT_TRUE(hostname.matches("a.b.example.com")) << hostname.to_string();
  for (std::size_t i = 1; i < taking.size(); ++i) {
    EXPECT_FALSE(is_more_specific(taking[i], taking[i - 1])) << taking[i].to_string();
  }
  EXPECT_EQ(taking.size(), 6U);  // itself, one label, *.b.example.com, *.example.com, *.com, any
}

TEST(Hostname, HostsAreNormalized) {
  EXPECT_EQ(normalize_host("A.Example.com:8080"), "a.example.com");
  EXPECT_EQ(normalize_host("a.example.com."), "a.example.com");
  EXPECT_EQ(normalize_host("[2001:DB8::1]:80"), "[2001:db8::1]");
  EXPECT_EQ(normalize_host(""), "");
}

}  // namespace
}  // namespace gw::ir
