// SPDX-License-Identifier: Apache-2.0
// v1: a route names its parents, and each listener says which routes it lets in.
#include "userspace/translate/binding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

GatewayNode* find_gateway(Graph& graph, const api::ParentReference& reference, const std::string& route_ns) {
  if (reference.group != api::kGatewayGroup || reference.kind != "Gateway") return nullptr;
  return graph.v1_gateways.find(reference.ns.value_or(route_ns), reference.name);
}

/// "sectionName" and "port" narrow the choice; both must match where both are given.
bool is_addressed(const ListenerNode& node, const api::ParentReference& reference) {
  if (reference.section_name && *reference.section_name != node.source->name) return false;
  return !reference.port || *reference.port == node.source->port;
}

std::string describe(const api::ParentReference& reference) {
  if (reference.section_name && reference.port) {
    return fmt::format("is named \"{}\" and has port {}", *reference.section_name, *reference.port);
  }
  if (reference.section_name) return fmt::format("is named \"{}\"", *reference.section_name);
  return reference.port ? fmt::format("has port {}", *reference.port) : "exists";
}

std::string listener_list(const GatewayNode& gateway) {
  std::string text;
  for (const auto& node : gateway.listeners) {
    text += fmt::format("{}{} ({}:{})", text.empty() ? "" : ", ", node.source->name, node.source->protocol,
                        node.source->port);
  }
  return text;
}

/// Why a listener does not let the route in; empty if it does.
std::string refusal(const Graph& graph, const GatewayNode& gateway, const ListenerNode& node,
                    const api::L4Route& route) {
  if (node.source->protocol != route.protocol()) {
    return fmt::format("listener {} has protocol {}, a {} needs {}", node.source->name, node.source->protocol,
                       route.kind, route.protocol());
  }
  if (node.supported_kinds.empty())
    return fmt::format("listener {} allows no {} (allowedRoutes.kinds)", node.source->name, route.kind);
  if (!allows_namespace(node.source->allowed_routes.namespaces, gateway.source->meta.ns, route.meta.ns,
                        graph.resources.namespaces)) {
    return fmt::format("listener {} allows no routes from namespace {} (allowedRoutes.namespaces.from: {})",
                       node.source->name, route.meta.ns, from_word(node.source->allowed_routes.namespaces.from));
  }
  return {};
}

void bind_parent(Graph& graph, RouteNode& route, GatewayNode& gateway, ParentNode& parent) {
  bool addressed = false;
  bool bound = false;
  std::string refusals;
  for (auto& node : gateway.listeners) {
    if (!is_addressed(node, parent.reference)) continue;
    addressed = true;
    const std::string why = refusal(graph, gateway, node, *route.source);
    if (why.empty()) {
      bound = true;
      // Another parentRef of this route may have bound it already.
      if (node.routes.empty() || node.routes.back() != &route) node.routes.push_back(&route);
    } else {
      refusals += (refusals.empty() ? "" : "; ") + why;
    }
  }
  if (!addressed) {
    parent.accepted = {
        false, reason::kNoMatchingParent,
        fmt::format("no listener of Gateway {} {} (it has: {})", gateway.source->meta.namespaced_name().to_string(),
                    describe(parent.reference), listener_list(gateway))};
  } else if (!bound) {
    parent.accepted = {false, reason::kNotAllowedByListeners, refusals};
  }
}

void note_missing_parent(Graph& graph, const api::L4Route& route, const api::ParentReference& reference) {
  const NamespacedName wanted{reference.ns.value_or(route.meta.ns), reference.name};
  const bool exists = std::ranges::any_of(api::named(graph.resources.gateways, wanted),
                                          [](const auto& gateway) { return !gateway.is_legacy(); });
  if (exists && reference.kind == "Gateway") return;  // another controller's
  graph.findings.push_back(
      {route.ref(), route.meta.location,
       fmt::format("parentRef names {} {}, which does not exist: the route is bound to nothing there", reference.kind,
                   wanted.to_string())});
}

}  // namespace

void bind_routes(Graph& graph) {
  // Listeners keep pointers to the nodes.
  graph.routes.reserve(graph.resources.l4_routes.size());
  for (const auto& route : graph.resources.l4_routes) {
    if (route.is_legacy()) continue;
    RouteNode& node = graph.routes.emplace_back();
    node.source = &route;
    for (const auto& reference : route.parent_refs) {
      GatewayNode* const gateway = find_gateway(graph, reference, route.meta.ns);
      if (gateway == nullptr) {
        note_missing_parent(graph, route, reference);
        continue;
      }
      bind_parent(graph, node, *gateway,
                  node.parents.emplace_back(ParentNode{reference, {true, reason::kAccepted, ""}}));
    }
  }
}

void order_routes(Graph& graph) {
  for (auto& gateway : graph.gateways) {
    for (auto& listener : gateway.listeners) {
      std::ranges::stable_sort(listener.routes, [](const RouteNode* a, const RouteNode* b) {
        return is_older(a->source->meta, b->source->meta);
      });
      for (std::size_t i = 1; i < listener.routes.size(); ++i) {
        note_superseded(*listener.routes[i], *listener.routes[0], gateway, listener);
      }
    }
  }
}

void note_superseded(RouteNode& loser, const RouteNode& winner, const GatewayNode& gateway,
                     const ListenerNode& listener) {
  for (auto& parent : loser.parents) {
    const api::ParentReference& reference = parent.reference;
    const bool is_this = reference.name == gateway.source->meta.name &&
                         reference.ns.value_or(loser.source->meta.ns) == gateway.source->meta.ns &&
                         reference.group == gateway.source->group;
    if (!is_this || !parent.accepted.ok || !is_addressed(listener, reference)) continue;
    parent.accepted.message += fmt::format(
        "{}superseded on listener {} by {} {}, which is older or first by name: "
        "gets no connections there",
        parent.accepted.message.empty() ? "" : "; ", listener.source->name, winner.source->kind,
        winner.source->meta.namespaced_name().to_string());
  }
}

}  // namespace gw::translate
