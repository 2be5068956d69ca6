// SPDX-License-Identifier: Apache-2.0
// Takes expired flows out of the flow tables, a few thousand entries at a time, so that the agent's loop is never held
// up, and counts what stays. The packet path takes no part in it.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/next_hop.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/plan/plan.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace gw::datapath {

/// Idle times after which a flow is forgotten. The defaults are at least those of RFC 5382, REQ-5, and RFC 4787, REQ-5.
struct FlowTimeouts {
  std::chrono::seconds handshake{240};     ///< SYN_SENT, SYN_RECEIVED
  std::chrono::seconds established{7440};  ///< 2 hours 4 minutes
  std::chrono::seconds closing{240};       ///< one FIN seen
  std::chrono::seconds closed{60};         ///< both FINs or a RST seen: retransmissions may still come
  std::chrono::seconds udp_request{30};    ///< nothing has come back yet
  std::chrono::seconds udp_stream{120};
};

class FlowExpirer {
 public:
  FlowExpirer(const Maps& maps, FlowTimeouts timeouts) : maps_(maps), timeouts_(timeouts) {}

  /// Listeners whose established TCP connections and UDP flows have a time of their own.
  void set_idle_timeouts(plan::IdleTimeouts idle) { idle_ = std::move(idle); }

  /// Looks at the next few thousand entries. True when a round through both tables is complete.
  /// `now`: CLOCK_MONOTONIC, in seconds.
  /// At the end of a round the connections of limited listeners (gw_admission) are put right.
  Result<bool> step(std::uint32_t now);

  /// Where flows have sent packets lately, as the last complete round saw it.
  [[nodiscard]] const std::set<NextHop>& next_hops_in_use() const { return next_hops_; }

 private:
  [[nodiscard]] std::uint32_t timeout_of(const gw_flow& flow) const;
  [[nodiscard]] bool is_idle(const gw_flow& flow, std::uint32_t now) const;
  void count(const gw_flow& flow);
  Result<> begin_round();
  Result<> end_round();
  template <typename Key, typename Value>
  Result<> remove_if_idle(const Map<Key, Value>& table, const Key& key, std::uint32_t now);
  template <typename Key, typename Value>
  Result<> step_table(const Map<Key, Value>& table, std::uint32_t now);

  const Maps& maps_;
  FlowTimeouts timeouts_;
  plan::IdleTimeouts idle_;
  std::map<std::uint32_t, std::int32_t> at_begin_;  ///< connections by the programs' count when the round began
  std::map<std::uint32_t, std::int32_t> counted_;   ///< in this round so far
  RawMap::Position position_;
  bool in_flows6_ = false;
  std::set<NextHop> next_hops_;
  std::set<NextHop> next_hops_of_this_round_;
  bool in_round_ = false;
};

}  // namespace gw::datapath
