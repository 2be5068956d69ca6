// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/verdict.hpp"

#include <gtest/gtest.h>

namespace gw::health {
namespace {

ActiveCheck thresholds(std::uint32_t healthy, std::uint32_t unhealthy) {
  ActiveCheck check;
  check.healthy_threshold = healthy;
  check.unhealthy_threshold = unhealthy;
  return check;
}

/// The verdicts after each of the results, "+" passed, "-" failed, "o" inconclusive.
std::string after(Verdict verdict, const ActiveCheck& check, std::string_view results) {
  std::string verdicts;
  for (const char result : results) {
    const Outcome outcome = result == '+' ? Outcome::Passed : result == '-' ? Outcome::Failed : Outcome::Inconclusive;
    const bool before = verdict.is_healthy();
    const bool has_changed = verdict.note(outcome, check);
    EXPECT_EQ(has_changed, verdict.is_healthy() != before);
    verdicts += verdict.is_healthy() ? 'h' : 'u';
  }
  return verdicts;
}

TEST(Verdict, IsHealthyUntilTheThresholdIsReached) {
  EXPECT_EQ(after({}, thresholds(1, 3), "----"), "hhuu");
  EXPECT_EQ(after({}, thresholds(1, 1), "-"), "u");
}

TEST(Verdict, OnlyResultsInARowCount) { EXPECT_EQ(after({}, thresholds(1, 3), "--+--+---"), "hhhhhhhhu"); }

TEST(Verdict, IsHealthyAgainAfterSoManyGoodOnesInARow) {
  EXPECT_EQ(after({}, thresholds(3, 1), "-++-+++-"), "uuuuuuhu");
}

TEST(Verdict, WhatIsInconclusiveSaysNothing) {
  EXPECT_EQ(after({}, thresholds(1, 2), "-oo-"), "hhhu");
  EXPECT_EQ(after({}, thresholds(1, 2), "oooo"), "hhhh");
}

TEST(Verdict, WhatWasUnhealthyBeforeHasToProveItself) {
  Verdict verdict;
  verdict.assume_unhealthy();
  EXPECT_EQ(after(verdict, thresholds(2, 3), "-++"), "uuh");
}

}  // namespace
}  // namespace gw::health
