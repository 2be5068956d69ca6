// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/outliers.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace gw::health {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Key = OutlierDetector::Key;

constexpr Key kBackend{7, IPPROTO_TCP};
constexpr Key kUdpBackend{7, IPPROTO_UDP};

/// A detector, its clock, and the counts of one backend. 5 failures in a row, 3 s without an answer, out for 30 s.
class Outliers : public ::testing::Test {
 protected:
  void SetUp() override { watch(kBackend); }

  void watch(Key key, PassiveCheck check = {}) {
    watched_[key] = {check, "default/b1:80", IpAddress::parse("10.0.0.1").value(), 80};
    detector_.watch(watched_);
    key_ = key;
  }
  /// Lets a second pass and takes the counts. True if the backend is ejected then.
  bool tick(int times = 1) {
    for (; times > 0; --times) {
      now_ += seconds(1);
      detector_.end_ejections(now_);
      detector_.note(key_, counts_, now_);
      for (auto& change : detector_.take_changes()) last_ = std::move(change);
    }
    return is_ejected();
  }
  [[nodiscard]] bool is_ejected() const { return detector_.ejected().contains(key_); }
  void refuse(std::uint32_t connections) {
    counts_.attempts += connections;
    counts_.refusals += connections;
  }
  void answer(std::uint32_t connections) {
    counts_.attempts += connections;
    counts_.answers += connections;
  }
  /// Seconds until the ejection that begins with the next tick is over.
  int ejection_time() {
    EXPECT_TRUE(tick());
    int time = 0;
    while (is_ejected() && time < 10000) {
      tick();
      ++time;
    }
    return time;
  }

  OutlierDetector detector_;
  Clock::time_point now_{};
  Key key_ = kBackend;
  gw_backend_health counts_{};
  plan::WatchMap watched_;
  Change last_{};
};

TEST_F(Outliers, ABackendThatRefusesConnectionsInARowIsEjected) {
  tick();
  refuse(4);
  EXPECT_FALSE(tick());
  refuse(1);
  EXPECT_TRUE(tick());
  EXPECT_TRUE(last_.is_out);
  EXPECT_EQ(last_.backend_ref, "default/b1:80");
  EXPECT_EQ(last_.endpoint, "10.0.0.1:80");
  EXPECT_EQ(last_.what, "is ejected for 30 s: 5 connections in a row were refused");
  ASSERT_EQ(detector_.outages().size(), 1U);
  EXPECT_EQ(detector_.outages()[0].why, "5 connections in a row were refused");
  EXPECT_EQ(detector_.outages()[0].since, now_);
}

TEST_F(Outliers, WhatWasCountedBeforeItWasWatchedDoesNotCount) {
  refuse(100);
  EXPECT_FALSE(tick(10));
}

TEST_F(Outliers, AnAnswerBeginsTheCountAnew) {
  tick();
  refuse(4);
  tick();
  answer(1);
  EXPECT_FALSE(tick());
  refuse(4);
  EXPECT_FALSE(tick());
  refuse(1);
  EXPECT_TRUE(tick());
}

/// Half of the connections fail: the backend has trouble, but others may have more of it.
TEST_F(Outliers, ABackendThatAnswersNowAndThenStays) {
  tick();
  for (int i = 0; i < 100; ++i) {
    refuse(50);
    answer(1);
    EXPECT_FALSE(tick());
  }
}

TEST_F(Outliers, SilenceIsAFailureWhenTheTimeIsOver) {
  tick();
  counts_.attempts += 5;
  EXPECT_FALSE(tick(3));
  EXPECT_TRUE(tick());
  EXPECT_EQ(last_.what, "is ejected for 30 s: 5 connections in a row had no answer within 3000 ms");
}

TEST_F(Outliers, OneConnectionASecondWithoutAnAnswerIsEnough) {
  tick();
  for (int i = 0; i < 7; ++i) {
    ++counts_.attempts;
    EXPECT_FALSE(tick()) << i;
  }
  ++counts_.attempts;
  EXPECT_TRUE(tick());
}

TEST_F(Outliers, AnswersThatTakeTheirTimeAreNoFailures) {
  tick();
  for (int i = 0; i < 20; ++i) {
    counts_.attempts += 1000;
    EXPECT_FALSE(tick(2));
    counts_.answers += 1000;
    EXPECT_FALSE(tick());
  }
}

TEST_F(Outliers, RefusalsAndSilenceAddUp) {
  tick();
  refuse(3);
  counts_.attempts += 2;
  EXPECT_FALSE(tick(3));
  EXPECT_TRUE(tick());
}

/// A flood of SYNs fills the ring of half-open connections: their flows are gone before the backend's answers come.
TEST_F(Outliers, WhatWasForgottenBeforeItsAnswerCameSaysNothing) {
  tick();
  counts_.attempts += 1'000'000;
  counts_.forgotten += 999'996;
  EXPECT_FALSE(tick(10));
  ++counts_.attempts;
  EXPECT_TRUE(tick(4));
}

TEST_F(Outliers, SilenceOfUdpIsNoFailureAndRefusalsAre) {
  watch(kUdpBackend);
  tick();
  counts_.attempts += 1000;
  EXPECT_FALSE(tick(20));
  refuse(5);
  EXPECT_TRUE(tick());
}

TEST_F(Outliers, ABackendComesBackAndWhatFailedBeforeIsForgotten) {
  tick();
  refuse(5);
  EXPECT_EQ(ejection_time(), 30);
  EXPECT_FALSE(last_.is_out);
  EXPECT_FALSE(tick(10));
  refuse(4);
  EXPECT_FALSE(tick());
}

TEST_F(Outliers, EachEjectionInARowIsLongerUpToALimit) {
  tick();
  for (const int expected : {30, 60, 90, 120}) {
    refuse(5);
    EXPECT_EQ(ejection_time(), expected);
    tick();
  }
  for (int i = 0; i < 10; ++i) {
    refuse(5);
    ejection_time();
    tick();
  }
  refuse(5);
  EXPECT_EQ(ejection_time(), 300);
}

TEST_F(Outliers, TimeWithoutFailuresMakesTheNextEjectionShorter) {
  tick();
  for (const int expected : {30, 60, 90}) {
    refuse(5);
    EXPECT_EQ(ejection_time(), expected);
    tick();
  }
  tick(2 * 30);
  refuse(5);
  EXPECT_EQ(ejection_time(), 60);
}

TEST_F(Outliers, TheSettingsAreThoseOfThePolicy) {
  watch(kBackend,
        {.consecutive_failures = 2, .connect_timeout = milliseconds(1000), .base_ejection_time = seconds(400)});
  tick();
  counts_.attempts += 2;
  EXPECT_FALSE(tick());
  EXPECT_EQ(ejection_time(), 400);
  tick();
  refuse(2);
  EXPECT_EQ(ejection_time(), 400);
}

TEST_F(Outliers, CountsMayWrap) {
  counts_ = {UINT32_MAX - 2, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX};
  tick();
  refuse(4);
  EXPECT_FALSE(tick(10));
  refuse(1);
  EXPECT_TRUE(tick());
}

TEST_F(Outliers, WhatIsWatchedNoMoreIsForgotten) {
  tick();
  refuse(5);
  EXPECT_TRUE(tick());
  detector_.watch({});
  EXPECT_TRUE(detector_.ejected().empty());
  EXPECT_TRUE(detector_.outages().empty());
  EXPECT_FALSE(tick(40));
}

TEST_F(Outliers, WhatWasEjectedBeforeARestartStaysOutForItsBaseTime) {
  detector_.assume_ejected(kBackend, now_);
  detector_.assume_ejected({99, IPPROTO_TCP}, now_);
  EXPECT_TRUE(is_ejected());
  EXPECT_EQ(detector_.ejected().size(), 1U);
  EXPECT_TRUE(tick(29));
  EXPECT_FALSE(tick());
}

TEST_F(Outliers, TheOrderOfEjectionsIsKept) {
  const Key other{8, IPPROTO_TCP};
  watched_.set(other, watched_.at(kBackend));
  detector_.watch(watched_);
  const auto at = [this](int second, std::uint32_t refusals, std::uint32_t others) {
    detector_.note(kBackend, {0, 0, refusals, 0}, now_ + seconds(second));
    detector_.note({8, IPPROTO_TCP}, {0, 0, others, 0}, now_ + seconds(second));
  };
  at(0, 0, 0);
  at(1, 0, 5);
  at(2, 5, 5);
  EXPECT_LT(detector_.ejected().at(other), detector_.ejected().at(kBackend));
}

}  // namespace
}  // namespace gw::health
