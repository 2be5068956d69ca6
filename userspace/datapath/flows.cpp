// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/flows.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace gw::datapath {
namespace {

std::uint32_t to_seconds(std::chrono::seconds value) { return static_cast<std::uint32_t>(value.count()); }

/// A next hop is in use while a packet has gone there within so many seconds.
constexpr std::int32_t kInUse = 30;

/// Seconds since `flow` had a packet. The packet path's clock may be a tick ahead of the caller's.
std::int32_t idle_time(const gw_flow& flow, std::uint32_t now) {
  return static_cast<std::int32_t>(now - flow.last_seen);
}

NextHop next_hop_of(const gw_flow& flow) {
  NextHop hop{.ifindex = flow.ifindex & ~GW_IFINDEX_PEER, .mac = {}};
  std::ranges::copy(flow.target_mac, hop.mac.begin());
  return hop;
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

/// The number to write for a listener, or nothing if the programs' own may be right: it lies between what was counted
/// and that plus what has begun and ended during the count.
std::optional<std::int32_t> correction(std::int32_t at_begin, std::int32_t at_end, std::int32_t counted) {
  const std::int32_t with_changes = counted + (at_end - at_begin);
  const auto [least, most] = std::minmax(counted, with_changes);
  if (at_end >= least && at_end <= most) return std::nullopt;
  return std::max(with_changes, 0);
}

}  // namespace

std::uint32_t FlowExpirer::timeout_of(const gw_flow& flow) const {
  const std::chrono::seconds* const own = idle_.get(flow.listener_id);
  const auto idle = [&](std::chrono::seconds by_default) { return to_seconds(own == nullptr ? by_default : *own); };
  switch (flow.state) {
    case GW_FLOW_SYN_SENT:
    case GW_FLOW_SYN_RECEIVED:
    case GW_FLOW_JOINED: return to_seconds(timeouts_.handshake);
    case GW_FLOW_FIN_CLIENT:
    case GW_FLOW_FIN_BACKEND: return to_seconds(timeouts_.closing);
    case GW_FLOW_CLOSED: return to_seconds(timeouts_.closed);
    case GW_FLOW_UDP_REQUEST: return idle(timeouts_.udp_request);
    case GW_FLOW_UDP_STREAM: return idle(timeouts_.udp_stream);
    default: return idle(timeouts_.established);
  }
}

bool FlowExpirer::is_idle(const gw_flow& flow, std::uint32_t now) const {
  return idle_time(flow, now) > static_cast<std::int32_t>(timeout_of(flow));
}

void FlowExpirer::count(const gw_flow& flow) {
  if ((flow.flags & GW_FLOW_REPLY) != 0 || flow.state == GW_FLOW_CLOSED) return;
  if (const auto listener = counted_.find(flow.listener_id); listener != counted_.end()) ++listener->second;
}

template <typename Key, typename Value>
Result<> FlowExpirer::remove_if_idle(const Map<Key, Value>& table, const Key& key, std::uint32_t now) {
  // A packet may have come since the walk has seen it.
  const auto value = table.lookup(key);
  if (!value) return fail(value.error());
  if (!*value || !is_idle((*value)->flow, now)) return {};
  // With DSR there is no other direction: what stands under its tuple is another connection's.
  if (((*value)->flow.flags & GW_FLOW_DSR) != 0) return table.erase(key);
  // A connection is idle when both its directions are.
  const Key other = peer_key(key, **value);
  const auto peer = table.lookup(other);
  if (!peer) return fail(peer.error());
  if (*peer && !is_idle((*peer)->flow, now)) return {};
  if (auto erased = table.erase(key); !erased) return erased;
  return table.erase(other);
}

template <typename Key, typename Value>
Result<> FlowExpirer::step_table(const Map<Key, Value>& table, std::uint32_t now) {
  std::vector<Key> idle;
  auto visited = table.visit_some(position_, [&](const Key& key, const Value& value) {
    count(value.flow);
    if (idle_time(value.flow, now) < kInUse) next_hops_of_this_round_.insert(next_hop_of(value.flow));
    if (is_idle(value.flow, now)) idle.push_back(key);
  });
  if (!visited) return visited;
  for (const Key& key : idle) {
    if (auto removed = remove_if_idle(table, key, now); !removed) return removed;
  }
  return {};
}

Result<> FlowExpirer::begin_round() {
  at_begin_.clear();
  counted_.clear();
  auto read = maps_.admission.for_each([&](const auto& id, const auto& admission) {
    at_begin_[id] = admission.connections;
    counted_[id] = 0;
  });
  if (read) in_round_ = true;
  return read;
}

/// An idle connection was counted before it was found to be idle: the next round sees that it is gone.
Result<> FlowExpirer::end_round() {
  in_round_ = false;
  for (const auto& [id, counted] : counted_) {
    const auto admission = maps_.admission.lookup(id);
    if (!admission) return fail(admission.error());
    if (!*admission) continue;  // limited no more
    const auto corrected = correction(at_begin_.at(id), (*admission)->connections, counted);
    if (!corrected) continue;
    gw_admission value = **admission;
    value.connections = *corrected;
    if (auto updated = maps_.admission.update(id, value); !updated) return updated;
  }
  return {};
}

Result<bool> FlowExpirer::step(std::uint32_t now) {
  Result<> stepped = in_round_ ? Result<>() : begin_round();
  if (stepped) stepped = in_flows6_ ? step_table(maps_.flows6, now) : step_table(maps_.flows4, now);
  if (!stepped) {
    position_ = {};  // the next round starts afresh
    in_round_ = false;
    return fail(stepped.error());
  }
  if (!position_.done) return false;
  position_ = {};
  in_flows6_ = !in_flows6_;
  if (in_flows6_) return false;
  next_hops_ = std::exchange(next_hops_of_this_round_, {});
  if (auto ended = end_round(); !ended) return fail(ended.error());
  return true;
}

}  // namespace gw::datapath
