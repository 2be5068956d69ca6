// SPDX-License-Identifier: Apache-2.0
// networking.x-k8s.io/v1alpha1: the Gateway's listener selects routes by kind, label and namespace, and the route must
// allow the Gateway. "A binding will only take place if both resources select each other."
#include <fmt/format.h>

#include "userspace/translate/binding.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

/// Whether the listener can have such routes at all: what it selects without that is not bound.
bool supports(const ListenerNode& node, const api::L4Route& route) {
  return !node.supported_kinds.empty() && node.source->protocol == route.protocol();
}

api::ParentReference reference_to(const api::Gateway& gateway) {
  api::ParentReference reference;
  reference.group = api::kLegacyGroup;
  reference.ns = gateway.meta.ns;
  reference.name = gateway.meta.name;
  return reference;
}

/// The route's entry for this Gateway, if any of its listeners selects the route.
void bind(Graph& graph, RouteNode& route, GatewayNode& gateway) {
  bool selected = false;
  bool allowed = false;
  for (auto& node : gateway.listeners) {
    if (!supports(node, *route.source)) continue;
    const auto obstacles = legacy_obstacles(*gateway.source, *node.source, *route.source, graph.resources.namespaces);
    if (!obstacles.empty() && obstacles != std::vector{LegacyObstacle::Gateways}) continue;
    selected = true;
    allowed = obstacles.empty();
    if (allowed) node.routes.push_back(&route);
  }
  if (!selected) return;
  ParentNode parent{reference_to(*gateway.source), {true, reason::kAdmitted, ""}};
  if (!allowed) {
    parent.accepted = {
        false, reason::kRefused,
        fmt::format("the Gateway selects this route, but spec.gateways of the route does not allow Gateway {} "
                    "(allow: All, or FromList with it)",
                    gateway.source->meta.namespaced_name().to_string())};
  }
  route.parents.push_back(std::move(parent));
}

void note_unselected(Graph& graph, const RouteNode& route) {
  if (!route.parents.empty()) return;
  graph.findings.push_back({route.source->ref(), route.source->meta.location,
                            "no Gateway selects this route (its listeners' routes.selector, routes.kind and "
                            "routes.namespaces decide)"});
}

}  // namespace

void bind_legacy_routes(Graph& graph) {
  for (const auto& route : graph.resources.l4_routes) {
    if (!route.is_legacy()) continue;
    RouteNode& node = graph.routes.emplace_back();
    node.source = &route;
    for (auto& gateway : graph.gateways) {
      if (gateway.source->is_legacy()) bind(graph, node, gateway);
    }
    note_unselected(graph, node);
  }
}

}  // namespace gw::translate
