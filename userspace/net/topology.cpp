// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/topology.hpp"

#include <algorithm>
#include <tuple>

namespace gw::net {
namespace {

/// The route of the rule's table that the kernel would take: longest prefix, then lowest metric.
const Route* best_route(const std::vector<Route>& routes, const Rule& rule, const IpAddress& destination) {
  const Route* best = nullptr;
  for (const auto& route : routes) {
    if (route.table != rule.table || route.destination.length < rule.shortest_prefix) continue;
    if (!route.destination.contains(destination)) continue;
    const auto rank = [](const Route& candidate) {
      return std::make_tuple(-static_cast<int>(candidate.destination.length), candidate.metric);
    };
    if (best == nullptr || rank(route) < rank(*best)) best = &route;
  }
  return best;
}

bool applies_to(const Rule& rule, const IpAddress& destination) {
  if (rule.destination.address.is_v4() != destination.is_v4()) return false;
  return (!rule.asks_for_others && rule.destination.contains(destination)) != rule.inverted;
}

const Route* route_towards(const Topology& topology, const IpAddress& destination) {
  if (topology.rules.empty()) return best_route(topology.routes, {.table = kMainTable}, destination);
  for (const auto& rule : topology.rules) {
    if (!applies_to(rule, destination)) continue;
    const Route* const route = best_route(topology.routes, rule, destination);
    if (route != nullptr || rule.table == 0) return route;
  }
  return nullptr;
}

}  // namespace

std::vector<IpAddress> Topology::node_addresses() const {
  std::vector<IpAddress> found;
  for (const auto& assigned : addresses) {
    const auto link = std::ranges::find(links, assigned.ifindex, &Link::ifindex);
    if (link == links.end() || !link->up || link->loopback) continue;
    if (assigned.global_scope && assigned.usable) found.push_back(assigned.address);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

std::uint32_t Topology::mtu_of(std::uint32_t ifindex) const {
  const auto link = std::ranges::find(links, ifindex, &Link::ifindex);
  return link == links.end() ? 0 : link->mtu;
}

bool Topology::is_local(const IpAddress& address) const {
  return std::ranges::find(addresses, address, &InterfaceAddress::address) != addresses.end();
}

bool Topology::is_on_link(const IpAddress& destination) const {
  const Route* const route = route_towards(*this, destination);
  return route != nullptr && !route->gateway;
}

std::optional<IpAddress> Topology::source_towards(const IpAddress& destination) const {
  const Route* const route = route_towards(*this, destination);
  if (route == nullptr) return std::nullopt;
  if (route->preferred_source) return route->preferred_source;
  const IpAddress& next_hop = route->gateway ? *route->gateway : destination;
  std::optional<IpAddress> of_link;
  std::optional<IpAddress> of_any_link;
  for (const auto& assigned : addresses) {
    if (!assigned.global_scope || !assigned.usable || assigned.address.is_v4() != destination.is_v4()) continue;
    if (!of_any_link) of_any_link = assigned.address;
    if (assigned.ifindex != route->ifindex) continue;
    if (IpPrefix{assigned.address, assigned.prefix_length}.contains(next_hop)) return assigned.address;
    if (!of_link) of_link = assigned.address;
  }
  return of_link ? of_link : of_any_link;
}

IpPrefix Topology::segment_of(const IpAddress& neighbour) const {
  const Route* const route = route_towards(*this, neighbour);
  const bool is_on_link = route != nullptr && !route->gateway && route->destination.length != 0;
  return is_on_link ? route->destination : IpPrefix::of(neighbour);
}

}  // namespace gw::net
