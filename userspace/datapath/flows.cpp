// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/flows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gw::datapath {
namespace {

std::uint32_t timeout_of(const FlowTimeouts& timeouts, std::uint8_t state) {
  const auto seconds = [](std::chrono::seconds value) { return static_cast<std::uint32_t>(value.count()); };
  switch (state) {
    case GW_FLOW_SYN_SENT:
    case GW_FLOW_SYN_RECEIVED:
    case GW_FLOW_JOINED: return seconds(timeouts.handshake);
    case GW_FLOW_FIN_CLIENT:
    case GW_FLOW_FIN_BACKEND: return seconds(timeouts.closing);
    case GW_FLOW_CLOSED: return seconds(timeouts.closed);
    case GW_FLOW_UDP_REQUEST: return seconds(timeouts.udp_request);
    case GW_FLOW_UDP_STREAM: return seconds(timeouts.udp_stream);
    default: return seconds(timeouts.established);
  }
}

/// A next hop is in use while a packet has gone there within so many seconds.
constexpr std::int32_t kInUse = 30;

/// Seconds since `flow` had a packet. The packet path's clock may be a tick ahead of the caller's.
std::int32_t idle_time(const gw_flow& flow, std::uint32_t now) {
  return static_cast<std::int32_t>(now - flow.last_seen);
}

NextHop next_hop_of(const gw_flow& flow) {
  NextHop hop{.ifindex = flow.ifindex, .mac = {}};
  std::ranges::copy(flow.target_mac, hop.mac.begin());
  return hop;
}

bool is_idle(const FlowTimeouts& timeouts, const gw_flow& flow, std::uint32_t now) {
  return idle_time(flow, now) > static_cast<std::int32_t>(timeout_of(timeouts, flow.state));
}

template <typename Key, typename Value>
Key peer_key(const Key& key, const Value& value) {
  return {.src = value.dst,
          .dst = value.src,
          .sport = value.flow.dport,
          .dport = value.flow.sport,
          .protocol = key.protocol,
          .pad = {}};
}

}  // namespace

template <typename Key, typename Value>
Result<> FlowExpirer::step_table(const Map<Key, Value>& table, std::uint32_t now) {
  std::vector<std::pair<Key, Value>> idle;
  auto visited = table.visit_some(position_, [&](const Key& key, const Value& value) {
    if (idle_time(value.flow, now) < kInUse) next_hops_of_this_round_.insert(next_hop_of(value.flow));
    if (is_idle(timeouts_, value.flow, now)) idle.emplace_back(key, value);
  });
  if (!visited) return visited;
  for (const auto& [key, value] : idle) {
    // A connection is idle when both its directions are.
    const Key other = peer_key(key, value);
    const auto peer = table.lookup(other);
    if (!peer) return fail(peer.error());
    if (*peer && !is_idle(timeouts_, (*peer)->flow, now)) continue;
    if (auto erased = table.erase(key); !erased) return erased;
    if (auto erased = table.erase(other); !erased) return erased;
  }
  return {};
}

Result<bool> FlowExpirer::step(std::uint32_t now) {
  auto stepped = in_flows6_ ? step_table(maps_.flows6, now) : step_table(maps_.flows4, now);
  if (!stepped) {
    position_ = {};  // the next round starts afresh
    return fail(stepped.error());
  }
  if (!position_.done) return false;
  position_ = {};
  in_flows6_ = !in_flows6_;
  if (in_flows6_) return false;
  next_hops_ = std::exchange(next_hops_of_this_round_, {});
  return true;
}

}  // namespace gw::datapath
