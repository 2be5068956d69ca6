// SPDX-License-Identifier: Apache-2.0
// networking.x-k8s.io/v1alpha1: the Gateway's listener selects routes by kind, label and namespace, and the route must
// allow the Gateway. "A binding will only take place if both resources select each other."
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "userspace/translate/binding.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

/// Whether the listener can have such routes at all: what it selects without that is not bound.
bool supports(const ListenerNode& node, const api::Route& route) {
  return std::ranges::any_of(node.supported_kinds, [&route](const auto& kind) {
    return kind.kind == route.kind && kind.group == route.group;
  });
}

std::vector<LegacyObstacle> obstacles_of(const Graph& graph, const GatewayNode& gateway, const ListenerNode& node,
                                         const api::Route& route) {
  return legacy_obstacles(*gateway.source, *node.source, route, graph.resources.namespaces);
}

api::ParentReference reference_to(const GatewayNode& gateway) {
  api::ParentReference reference;
  reference.group = api::kLegacyGroup;
  reference.ns = gateway.meta->ns;
  reference.name = gateway.meta->name;
  return reference;
}

bool takes_other_namespaces(const GatewayNode& gateway) {
  return std::ranges::any_of(gateway.listeners, [](const ListenerNode& node) {
    return node.source->allowed_routes.namespaces.from != api::NamespacesFrom::Same;
  });
}

LegacyCandidates::Gateways candidates_for(const Graph& graph, const std::string& route_ns) {
  LegacyCandidates::Gateways candidates = graph.legacy_gateways.open;
  const auto same = graph.legacy_gateways.by_namespace.find(route_ns);
  if (same != graph.legacy_gateways.by_namespace.end()) candidates.insert(same->second.begin(), same->second.end());
  return candidates;
}

/// 2021 says nothing of a route whose hostnames are others than the listener's: it is admitted, and gets no requests.
void bind_selected(const ListenerNode& node, RouteNode& route, Verdict& admitted) {
  std::vector<ir::Hostname> hostnames = common_hostnames(node, route);
  if (hostnames.empty()) {
    admitted.message += fmt::format("{}no hostname of the route is one of {} ({}): it gets no requests there",
                                    admitted.message.empty() ? "" : "; ", node.source->name, node.hostname.to_string());
    return;
  }
  bind(node, route, std::move(hostnames));
}

/// The route's entry for this Gateway, if any of its listeners selects the route.
void bind_gateway(const Graph& graph, RouteNode& route, const GatewayNode& gateway) {
  bool selected = false;
  bool allowed = false;
  Verdict admitted{true, reason::kAdmitted, ""};
  for (const auto& node : gateway.listeners) {
    if (!supports(node, *route.common)) continue;
    const auto obstacles = obstacles_of(graph, gateway, node, *route.common);
    if (!obstacles.empty() && obstacles != std::vector{LegacyObstacle::Gateways}) continue;
    selected = true;
    allowed = obstacles.empty();
    if (allowed && route.valid.ok) bind_selected(node, route, admitted);
  }
  if (!selected) return;
  if (!allowed) {
    admitted =
        refusal(reason::kRefused,
                fmt::format("the Gateway selects this route, but spec.gateways of the route does not allow Gateway {} "
                            "(allow: All, or FromList with it)",
                            gateway.meta->namespaced_name().to_string()));
  } else if (!route.valid.ok) {
    admitted = refusal(reason::kRefused, route.valid.message);
  }
  route.parents.push_back({reference_to(gateway), std::move(admitted), &gateway});
}

/// What keeps a listener for the kind from selecting a route; empty if the kind alone does.
std::string obstacle(const Graph& graph, const GatewayNode& gateway, const ListenerNode& node,
                     const api::Route& route) {
  if (!supports(node, route)) return {};
  const std::string where =
      fmt::format("{} of Gateway {}", node.source->name, gateway.meta->namespaced_name().to_string());
  for (const LegacyObstacle found : obstacles_of(graph, gateway, node, route)) {
    if (found == LegacyObstacle::Labels) return fmt::format("{} selects other labels (routes.selector)", where);
    if (found == LegacyObstacle::Namespace) {
      return fmt::format("{} takes no routes from namespace {} (routes.namespaces.from: {})", where, route.meta.ns,
                         from_word(node.source->allowed_routes.namespaces.from));
    }
  }
  return {};
}

/// The first few listeners that would do for the kind, and what keeps each from selecting the route.
std::string obstacles(const Graph& graph, const api::Route& route) {
  constexpr std::size_t kMost = 3;
  std::set<std::string> found;
  for (const auto& gateway : graph.gateways) {
    if (!gateway.is_legacy()) continue;
    for (const auto& node : gateway.listeners) {
      if (std::string why = obstacle(graph, gateway, node, route); !why.empty()) found.insert(std::move(why));
      if (found.size() == kMost) break;
    }
    if (found.size() == kMost) break;
  }
  std::string text;
  for (const auto& why : found) text += (text.empty() ? "" : "; ") + why;
  return text.empty() ? fmt::format("there is none with a listener for {}s", route.kind) : text;
}

void note_unselected(const Graph& graph, RouteNode& route) {
  if (!route.parents.empty()) return;
  route.findings.push_back({route.common->ref(), route.meta().location,
                            fmt::format("no Gateway selects this route: {}", obstacles(graph, *route.common))});
}

}  // namespace

void index_legacy_gateways(Graph& graph) {
  LegacyCandidates& index = graph.legacy_gateways;
  for (std::size_t rank = 0; rank < graph.gateways.size(); ++rank) {
    const GatewayNode& gateway = graph.gateways[rank];
    if (!gateway.is_legacy()) continue;
    (takes_other_namespaces(gateway) ? index.open : index.by_namespace[gateway.meta->ns]).emplace(rank, &gateway);
  }
}

void bind_legacy_route(const Graph& graph, RouteNode& route) {
  for (const auto& [rank, gateway] : candidates_for(graph, route.meta().ns)) bind_gateway(graph, route, *gateway);
  note_unselected(graph, route);
}

}  // namespace gw::translate
