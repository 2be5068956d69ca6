// SPDX-License-Identifier: Apache-2.0
// What each listener can be by itself, and which of them get into each other's way.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

/// The one kind of route that a TCP or UDP listener can bind.
api::RouteGroupKind route_kind(const ListenerNode& node, const api::Gateway& gateway) {
  return {gateway.group, node.source->protocol + "Route"};
}

void judge_kinds(ListenerNode& node, const api::Gateway& gateway) {
  const auto& wanted = node.source->allowed_routes.kinds;
  const api::RouteGroupKind fitting = route_kind(node, gateway);
  if (wanted.empty()) {
    node.supported_kinds = {fitting};
    return;
  }
  for (const auto& kind : wanted) {
    if (kind == fitting) {
      node.supported_kinds = {fitting};
      continue;
    }
    node.resolved = {false, gateway.is_legacy() ? reason::kInvalidRoutesRef : reason::kInvalidRouteKinds,
                     fmt::format("{}/{} cannot be bound to a {} listener (only {}/{} can)", kind.group, kind.kind,
                                 node.source->protocol, fitting.group, fitting.kind)};
  }
}

void judge_listener(ListenerNode& node, const api::Gateway& gateway) {
  if (node.source->protocol != "TCP" && node.source->protocol != "UDP") {
    node.accepted = {false, reason::kUnsupportedProtocol,
                     fmt::format("protocol {} is not served by this version (TCP and UDP are)", node.source->protocol)};
    return;
  }
  judge_kinds(node, gateway);
}

/// TCP is indistinct from every other protocol over TCP on the same port, whatever the hostname (Gateway
/// spec.listeners, GEP-2644). UDP has ports of its own.
bool collide(const api::Listener& a, const api::Listener& b) {
  if (a.port != b.port) return false;
  if (a.protocol == "UDP" || b.protocol == "UDP") return a.protocol == b.protocol;
  return a.protocol == "TCP" || b.protocol == "TCP";
}

void mark_conflict(ListenerNode& node, std::string message) {
  node.conflict_free = {false, reason::kProtocolConflict, message};
  if (node.accepted.ok) node.accepted = {false, reason::kProtocolConflict, std::move(message)};
}

/// Within one Gateway nobody wins: "MUST NOT pick one conflicting Listener as the winner".
void find_conflicts_within(GatewayNode& gateway) {
  for (auto& node : gateway.listeners) {
    for (const auto& other : gateway.listeners) {
      if (&node == &other || !collide(*node.source, *other.source)) continue;
      mark_conflict(node, fmt::format("listener {} uses port {} too: give each of them a port of its own",
                                      other.source->name, other.source->port));
    }
  }
}

bool share_addresses(const GatewayNode& a, const GatewayNode& b) {
  if (a.addresses.empty() && b.addresses.empty()) return true;
  return std::ranges::any_of(
      a.addresses, [&b](const auto& address) { return std::ranges::find(b.addresses, address) != b.addresses.end(); });
}

/// A listener that has its port, on the addresses of its Gateway.
struct Claim {
  const GatewayNode* gateway = nullptr;
  const ListenerNode* listener = nullptr;
};
using Claims = std::unordered_map<std::uint16_t, std::vector<Claim>>;  ///< by port, the oldest first

/// Across Gateways the older one keeps the port (docs/design/0003): a new Gateway must not take down what works.
void yield_to_older(const GatewayNode& gateway, ListenerNode& node, const Claims& claims) {
  const auto same_port = claims.find(node.source->port);
  if (same_port == claims.end()) return;
  const auto collides = [&](const Claim& claim) {
    return collide(*node.source, *claim.listener->source) && share_addresses(gateway, *claim.gateway);
  };
  const auto older = std::ranges::find_if(same_port->second, collides);
  if (older == same_port->second.end()) return;
  mark_conflict(node, fmt::format("Gateway {} has port {} on the same address (listener {}): choose another port or "
                                  "set spec.addresses",
                                  older->gateway->source->meta.namespaced_name().to_string(),
                                  older->listener->source->port, older->listener->source->name));
}

}  // namespace

void judge_listeners(Graph& graph) {
  for (auto& gateway : graph.gateways) {
    for (auto& node : gateway.listeners) judge_listener(node, *gateway.source);
  }
}

void find_conflicts(Graph& graph) {
  Claims claims;
  for (auto& gateway : graph.gateways) {
    find_conflicts_within(gateway);
    for (auto& node : gateway.listeners) {
      if (node.serves()) yield_to_older(gateway, node, claims);
    }
    if (!gateway.accepted.ok) continue;
    for (const auto& node : gateway.listeners) {
      if (node.serves()) claims[node.source->port].push_back({&gateway, &node});
    }
  }
}

}  // namespace gw::translate
