// SPDX-License-Identifier: Apache-2.0
// Takes expired flows out of the flow tables, a few thousand entries at a time, so that the agent's loop is never held
// up. The packet path takes no part in it.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/next_hop.hpp"
#include "userspace/datapath/loader.hpp"

#include <chrono>
#include <cstdint>
#include <set>

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

  /// Looks at the next few thousand entries. True when a round through both tables is complete.
  /// `now`: CLOCK_MONOTONIC, in seconds.
  Result<bool> step(std::uint32_t now);

  /// Where flows have sent packets lately, as the last complete round saw it.
  [[nodiscard]] const std::set<NextHop>& next_hops_in_use() const { return next_hops_; }

 private:
  template <typename Key, typename Value>
  Result<> step_table(const Map<Key, Value>& table, std::uint32_t now);

  const Maps& maps_;
  FlowTimeouts timeouts_;
  RawMap::Position position_;
  bool in_flows6_ = false;
  std::set<NextHop> next_hops_;
  std::set<NextHop> next_hops_of_this_round_;
};

}  // namespace gw::datapath
