// SPDX-License-Identifier: Apache-2.0
#include "userspace/base/ip.hpp"

#include <gtest/gtest.h>

namespace gw {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
}

TEST(IpAddress, RejectsWhatIsNoAddress) {
  for (const char* text : {"", " 10.0.0.1", "10.0.0", "10.0.0.256", "10.0.0.1/24", "fe80::1%eth0", "1:2:3", "host"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, MappedTextIsTheV4Address) {
  EXPECT_EQ(ip("::ffff:10.0.0.1"), ip("10.0.0.1"));
  EXPECT_TRUE(ip("::ffff:10.0.0.1").is_v4());
}

TEST(IpAddress, KnowsItsScope) {
  EXPECT_TRUE(ip("127.0.0.53").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local());
  EXPECT_TRUE(ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
}

TEST(IpPrefix, ContainsOnlyItsOwnFamilyAndBits) {
  const IpPrefix net{ip("10.1.128.0"), 17};
  EXPECT_TRUE(net.contains(ip("10.1.255.255")));
  EXPECT_FALSE(net.contains(ip("10.1.127.255")));
  EXPECT_FALSE(net.contains(ip("2001:db8::1")));
  EXPECT_TRUE((IpPrefix{ip("0.0.0.0"), 0}).contains(ip("8.8.8.8")));
  EXPECT_FALSE((IpPrefix{ip("0.0.0.0"), 0}).contains(ip("2001:db8::1")));
  EXPECT_TRUE((IpPrefix{ip("::"), 0}).contains(ip("2001:db8::1")));
  EXPECT_FALSE((IpPrefix{ip("2001:db8::"), 32}).contains(ip("2001:db9::1")));
  EXPECT_EQ((IpPrefix{ip("2001:db8::"), 32}).to_string(), "2001:db8::/32");
}

}  // namespace
}  // namespace gw
