// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/health_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gw::agent {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// 2026-11-24T12:00:00Z
constexpr Moment kNow{health::Clock::time_point(seconds(1000)), 1795521600};

health::Outage outage(const char* backend_ref, const std::string& endpoint, int seconds_ago) {
  return {backend_ref, endpoint, "unhealthy", "connection refused", kNow.steady - seconds(seconds_ago)};
}

TEST(HealthReport, SaysOfEachServiceWhatIsOutSinceWhenAndWhy) {
  const HealthChecks::Report report{
      4, 2, {outage("default/a:80", "10.0.0.1:80", 61), outage("default/b:53", "[::1]:53", 0)}};
  const auto findings = findings_of(report, kNow);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].object, "Service default/a");
  EXPECT_EQ(findings[0].message, "port 80: 10.0.0.1:80 is unhealthy since 2026-11-24T11:58:59Z: connection refused");
  EXPECT_EQ(findings[1].object, "Service default/b");
  EXPECT_EQ(findings[1].message, "port 53: [::1]:53 is unhealthy since 2026-11-24T12:00:00Z: connection refused");
}

TEST(HealthReport, NamesAFewOfMany) {
  HealthChecks::Report report{100, 0, {}};
  for (int i = 1; i <= 40; ++i)
    report.outages.push_back(outage("default/a:80", "10.0.0." + std::to_string(i) + ":80", 0));
  const auto findings = findings_of(report, kNow);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].message, HasSubstr("10.0.0.5:80"));
  EXPECT_THAT(findings[0].message, Not(HasSubstr("10.0.0.6:80")));
  EXPECT_THAT(findings[0].message, EndsWith("; and 35 more"));
}

TEST(HealthReport, IsCompleteAsJson) {
  const auto json = describe({4, 2, {outage("default/a:80", "10.0.0.1:80", 61)}}, kNow);
  EXPECT_EQ(json, nlohmann::json::parse(R"({"checked": 4, "watched": 2, "outOfUse": [
      {"backendRef": "default/a:80", "endpoint": "10.0.0.1:80", "state": "unhealthy", "why": "connection refused",
       "since": 1795521539}]})"));
}

}  // namespace
}  // namespace gw::agent
