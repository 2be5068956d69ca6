// SPDX-License-Identifier: Apache-2.0
// v1: a route names its parents, and each listener says which routes it lets in.
#include "userspace/translate/binding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

const ListenerOwner* find_owner(const Graph& graph, const api::ParentReference& reference,
                                const std::string& route_ns) {
  if (reference.group != api::kGatewayGroup) return nullptr;
  const std::string& ns = reference.ns ? *reference.ns : route_ns;
  if (reference.kind == "Gateway") return graph.v1_gateways.find(ns, reference.name);
  return reference.kind == "ListenerSet" ? graph.listener_sets_by_name.find(ns, reference.name) : nullptr;
}

std::string describe(const ListenerOwner& owner) {
  return fmt::format("{} {}", owner.ref.kind, owner.meta->namespaced_name().to_string());
}

bool has_kind(const std::vector<api::RouteGroupKind>& kinds, const api::Route& route) {
  return std::ranges::any_of(
      kinds, [&route](const auto& kind) { return kind.kind == route.kind && kind.group == route.group; });
}

/// Why a listener does not let the route in, whatever its hostnames; empty if it does.
std::string refusal_of(const Graph& graph, const ListenerNode& node, const api::Route& route) {
  const api::Listener& listener = *node.source;
  if (!takes_kind(listener.protocol, route.kind)) {
    return fmt::format("listener {} has protocol {}, a {} needs {}", listener.name, listener.protocol, route.kind,
                       protocols_for(route.kind));
  }
  if (!has_kind(node.supported_kinds, route)) {
    return fmt::format("listener {} allows no {} (allowedRoutes.kinds)", listener.name, route.kind);
  }
  if (!allows_namespace(listener.allowed_routes.namespaces, node.owner->meta->ns, route.meta.ns,
                        graph.resources.namespaces)) {
    return fmt::format("listener {} allows no routes from namespace {} (allowedRoutes.namespaces.from: {})",
                       listener.name, route.meta.ns, from_word(listener.allowed_routes.namespaces.from));
  }
  return {};
}

std::string hostname_list(const RouteNode& route) {
  std::string text;
  for (const auto& hostname : route.hostnames) text += (text.empty() ? "" : ", ") + hostname.to_string();
  return text;
}

/// What became of one parentRef on the listeners that it addresses.
struct Attempt {
  bool addressed = false;
  bool let_in = false;  ///< but for hostnames
  bool bound = false;
  std::string refusals;
  std::string hostname_refusals;
};

void add_line(std::string& text, const std::string& more) { text += (text.empty() ? "" : "; ") + more; }

void try_listener(const Graph& graph, RouteNode& route, const ListenerNode& node, Attempt& attempt) {
  attempt.addressed = true;
  const std::string why = refusal_of(graph, node, *route.common);
  if (!why.empty()) return add_line(attempt.refusals, why);
  attempt.let_in = true;
  std::vector<ir::Hostname> hostnames = common_hostnames(node, route);
  if (hostnames.empty()) {
    return add_line(attempt.hostname_refusals,
                    fmt::format("listener {} has hostname {}", node.source->name, node.hostname.to_string()));
  }
  attempt.bound = true;
  bind(node, route, std::move(hostnames));
}

Verdict judge(const Attempt& attempt, const ListenerOwner& owner, const RouteNode& route,
              const api::ParentReference& reference) {
  if (attempt.bound) return {true, reason::kAccepted, ""};
  if (!attempt.addressed) {
    return refusal(reason::kNoMatchingParent, fmt::format("no listener of {} {}", describe(owner),
                                                          describe_unaddressed(reference, *owner.sources)));
  }
  if (attempt.let_in) {
    return refusal(reason::kNoMatchingListenerHostname, fmt::format("no hostname of the route ({}) fits: {}",
                                                                    hostname_list(route), attempt.hostname_refusals));
  }
  return refusal(reason::kNotAllowedByListeners, attempt.refusals);
}

Verdict bind_parent(const Graph& graph, RouteNode& route, const ListenerOwner& owner,
                    const api::ParentReference& reference) {
  if (!route.valid.ok) return route.valid;
  if (owner.accepted.reason == reason::kNotAllowed) {
    return refusal(reason::kNoMatchingParent,
                   fmt::format("{} adds no listeners: {}", describe(owner), owner.accepted.message));
  }
  Attempt attempt;
  for (const auto& node : owner.listeners) {
    if (is_addressed(*node.source, reference)) try_listener(graph, route, node, attempt);
  }
  return judge(attempt, owner, route, reference);
}

void note_missing_parent(const Graph& graph, RouteNode& node, const api::ParentReference& reference) {
  const api::Route& route = *node.common;
  const NamespacedName wanted{reference.ns.value_or(route.meta.ns), reference.name};
  const bool is_gateway = std::ranges::any_of(api::named(graph.resources.gateways, wanted),
                                              [](const auto& gateway) { return !gateway.is_legacy(); });
  const bool is_set = !api::named(graph.resources.listener_sets, wanted).empty();
  const bool exists = (reference.kind == "Gateway" && is_gateway) || (reference.kind == "ListenerSet" && is_set);
  if (exists) return;  // another controller's
  node.findings.push_back(
      {route.ref(), route.meta.location,
       fmt::format("parentRef names {} {}, which does not exist: the route is bound to nothing there", reference.kind,
                   wanted.to_string())});
}

/// "All other characteristics of a defaulted Route MUST behave the same as if all default Gateways were explicitly
/// specified in parentRefs" (GEP-3793).
void bind_to_default_gateways(const Graph& graph, RouteNode& route) {
  for (const GatewayNode* const gateway : graph.default_gateways) {
    api::ParentReference reference;
    reference.ns = gateway->meta->ns;
    reference.name = gateway->meta->name;
    const auto is_it = [gateway](const ParentNode& parent) {
      return parent.owner == gateway && !parent.reference.section_name && !parent.reference.port;
    };
    if (std::ranges::any_of(route.parents, is_it)) continue;
    Verdict accepted = bind_parent(graph, route, *gateway, reference);
    if (accepted.ok) accepted.message = "Route is bound to default Gateway";
    route.parents.push_back({std::move(reference), std::move(accepted), gateway});
  }
  if (!graph.default_gateways.empty()) return;
  route.findings.push_back({route.common->ref(), route.meta().location,
                            "useDefaultGateways is set, but no Gateway of ours is one (spec.defaultScope: All)"});
}

}  // namespace

std::vector<ir::Hostname> common_hostnames(const ListenerNode& listener, const RouteNode& route) {
  if (route.hostnames.empty()) return {listener.hostname};
  std::vector<ir::Hostname> common;
  for (const auto& hostname : route.hostnames) {
    auto both = ir::intersect(listener.hostname, hostname);
    if (both && std::ranges::find(common, *both) == common.end()) common.push_back(std::move(*both));
  }
  return common;
}

void bind(const ListenerNode& listener, RouteNode& route, std::vector<ir::Hostname> hostnames) {
  if (std::ranges::find(route.bindings, &listener, &Binding::listener) != route.bindings.end()) return;
  route.bindings.push_back({&listener, std::move(hostnames), ""});
}

void bind_route(const Graph& graph, RouteNode& route) {
  for (const auto& reference : route.common->parent_refs) {
    const ListenerOwner* const owner = find_owner(graph, reference, route.meta().ns);
    if (owner == nullptr) {
      note_missing_parent(graph, route, reference);
      continue;
    }
    route.parents.push_back({reference, bind_parent(graph, route, *owner, reference), owner});
  }
  if (route.common->use_default_gateways == api::DefaultScope::All) bind_to_default_gateways(graph, route);
}

}  // namespace gw::translate
