// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/routing.hpp"

#include <algorithm>
#include <functional>

namespace gw::net {
namespace {

bool applies_to(const Rule& rule, const IpAddress& destination) {
  if (rule.destination.address.is_v4() != destination.is_v4()) return false;
  return (!rule.asks_for_others && rule.destination.contains(destination)) != rule.inverted;
}

}  // namespace

Routing::Routing(const Topology& topology) : topology_(topology) {
  for (const auto& assigned : topology.addresses) {
    local_.insert(assigned.address);
    if (!assigned.global_scope || !assigned.usable) continue;
    const bool is_v4 = assigned.address.is_v4();
    (is_v4 ? v4_addresses_ : v6_addresses_)[assigned.ifindex].push_back(&assigned);
    const InterfaceAddress*& first = is_v4 ? first_v4_ : first_v6_;
    if (first == nullptr) first = &assigned;
  }
  for (const auto& route : topology.routes) add(route);
}

void Routing::add(const Route& route) {
  Table& table = tables_[route.table];
  auto& levels = route.destination.address.is_v4() ? table.v4 : table.v6;
  auto level = std::ranges::lower_bound(levels, route.destination.length, std::greater(), &Level::length);
  if (level == levels.end() || level->length != route.destination.length) {
    level = levels.insert(level, {route.destination.length, {}});
  }
  const Route*& best = level->routes[route.destination.address.network(route.destination.length)];
  if (best == nullptr || route.metric < best->metric) best = &route;
}

/// The route of the rule's table that the kernel would take.
const Route* Routing::best_route(const Rule& rule, const IpAddress& destination) const {
  const auto table = tables_.find(rule.table);
  if (table == tables_.end()) return nullptr;
  for (const Level& level : destination.is_v4() ? table->second.v4 : table->second.v6) {
    if (level.length < rule.shortest_prefix) return nullptr;
    const auto route = level.routes.find(destination.network(level.length));
    if (route != level.routes.end()) return route->second;
  }
  return nullptr;
}

const Route* Routing::route_towards(const IpAddress& destination) const {
  if (topology_.rules.empty()) return best_route({.table = kMainTable}, destination);
  for (const auto& rule : topology_.rules) {
    if (!applies_to(rule, destination)) continue;
    const Route* const route = best_route(rule, destination);
    if (route != nullptr || rule.table == 0) return route;
  }
  return nullptr;
}

bool Routing::is_on_link(const IpAddress& destination) const {
  const Route* const route = route_towards(destination);
  return route != nullptr && !route->gateway;
}

std::optional<IpAddress> Routing::source_towards(const IpAddress& destination) const {
  const Route* const route = route_towards(destination);
  if (route == nullptr) return std::nullopt;
  if (route->preferred_source) return route->preferred_source;
  const IpAddress& next_hop = route->gateway ? *route->gateway : destination;
  const auto& by_link = destination.is_v4() ? v4_addresses_ : v6_addresses_;
  const auto of_link = by_link.find(route->ifindex);
  if (of_link == by_link.end()) {
    const InterfaceAddress* const first = destination.is_v4() ? first_v4_ : first_v6_;
    return first == nullptr ? std::nullopt : std::optional(first->address);
  }
  const auto is_towards = [&next_hop](const InterfaceAddress* assigned) {
    return IpPrefix{assigned->address, assigned->prefix_length}.contains(next_hop);
  };
  const auto found = std::ranges::find_if(of_link->second, is_towards);
  return (found == of_link->second.end() ? of_link->second.front() : *found)->address;
}

IpPrefix Routing::segment_of(const IpAddress& neighbour) const {
  const Route* const route = route_towards(neighbour);
  const bool is_on_link = route != nullptr && !route->gateway && route->destination.length != 0;
  return is_on_link ? route->destination : IpPrefix::of(neighbour);
}

}  // namespace gw::net
