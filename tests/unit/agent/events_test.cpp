// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/events.hpp"

#include <gtest/gtest.h>

namespace gw::agent {
namespace {

using nlohmann::json;

json finding(const std::string& object, const std::string& message) {
  return {{"object", object}, {"message", message}};
}

json event(const char* type, const char* message, int count, int first, int last) {
  return {{"type", type},   {"object", "TCPRoute a/b"}, {"message", message},
          {"count", count}, {"firstSeen", first},       {"lastSeen", last}};
}

TEST(EventLog, ProblemsComeAndGo) {
  EventLog log;
  log.update(json::array({finding("TCPRoute a/b", "no Service")}), 10);
  log.update(json::array({finding("TCPRoute a/b", "no Service")}), 20);
  log.update(json::array(), 30);
  EXPECT_EQ(log.to_json()["events"], json::array({event("Warning", "no Service", 1, 10, 10),
                                                  event("Normal", "resolved: no Service", 1, 30, 30)}));
}

TEST(EventLog, WhatComesAgainIsOneEventWithACount) {
  EventLog log;
  for (int time = 10; time <= 50; time += 20) {
    log.update(json::array({finding("TCPRoute a/b", "no Service")}), time);
    log.update(json::array(), time + 10);
  }
  EXPECT_EQ(log.to_json()["events"], json::array({event("Warning", "no Service", 3, 10, 50),
                                                  event("Normal", "resolved: no Service", 3, 20, 60)}));
}

TEST(EventLog, ForgetsTheOldest) {
  EventLog log;
  json findings = json::array();
  for (std::size_t i = 0; i < EventLog::kMaxEvents + 5; ++i)
    findings.push_back(finding("TCPRoute a/b", std::to_string(i)));
  log.update(findings, 1);
  EXPECT_EQ(log.to_json()["events"].size(), EventLog::kMaxEvents);
}

}  // namespace
}  // namespace gw::agent
