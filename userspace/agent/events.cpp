// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/events.hpp"

#include <algorithm>

namespace gw::agent {

using nlohmann::json;

void EventLog::update(const json& findings, std::int64_t now) {
  std::set<Finding> present;
  for (const json& finding : findings) present.emplace(finding.value("object", ""), finding.value("message", ""));
  for (const Finding& finding : present) {
    if (!known_.contains(finding)) add("Warning", finding, "", now);
  }
  for (const Finding& finding : known_) {
    if (!present.contains(finding)) add("Normal", finding, "resolved: ", now);
  }
  known_ = std::move(present);
}

/// What comes and goes is one event with a count.
void EventLog::add(const char* type, const Finding& finding, const std::string& prefix, std::int64_t now) {
  Event event{type, finding.first, prefix + finding.second, 1, now, now};
  const auto known = std::ranges::find_if(
      events_, [&event](const Event& other) { return other.object == event.object && other.message == event.message; });
  if (known != events_.end()) {
    event.count = known->count + 1;
    event.first_seen = known->first_seen;
    events_.erase(known);
  }
  events_.push_back(std::move(event));
  if (events_.size() > kMaxEvents) events_.pop_front();
}

json EventLog::to_json() const {
  json list = json::array();
  for (const Event& event : events_) {
    list.push_back({{"type", event.type},
                    {"object", event.object},
                    {"message", event.message},
                    {"count", event.count},
                    {"firstSeen", event.first_seen},
                    {"lastSeen", event.last_seen}});
  }
  return {{"events", list}};
}

}  // namespace gw::agent
