// SPDX-License-Identifier: Apache-2.0
// What happened to which object: problems that came up and that went away, for `gwctl describe`. In memory, bounded.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <utility>

namespace gw::agent {

class EventLog {
 public:
  /// Of more the oldest are forgotten.
  static constexpr std::size_t kMaxEvents = 1000;

  /// `findings`: those of GET /v1/status, as they are now. What is new among them, and what is gone, are events.
  void update(const nlohmann::json& findings, std::int64_t now);

  /// {"events": [{type, object, message, count, firstSeen, lastSeen}]}, the newest last; times in seconds since the
  /// epoch.
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  struct Event {
    const char* type;  ///< "Warning" or "Normal", as in Kubernetes
    std::string object;
    std::string message;
    std::size_t count = 1;
    std::int64_t first_seen = 0;
    std::int64_t last_seen = 0;
  };
  /// Whom a finding is about, and what it says.
  using Finding = std::pair<std::string, std::string>;

  void add(const char* type, const Finding& finding, const std::string& prefix, std::int64_t now);

  std::set<Finding> known_;  ///< the findings of the last call
  std::list<Event> events_;
};

}  // namespace gw::agent
