// SPDX-License-Identifier: Apache-2.0
// ListenerSets add listeners to a Gateway, if its spec.allowedListeners lets their namespace. Off by default.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/binding.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

/// Null if the parent is none of our Gateways.
GatewayNode* find_parent(const Graph& graph, const api::ListenerSet& set) {
  if (set.parent.group != api::kGatewayGroup || set.parent.kind != "Gateway") return nullptr;
  return graph.v1_gateways.find(set.parent.ns.value_or(set.meta.ns), set.parent.name);
}

void note_missing_parent(Graph& graph, const api::ListenerSet& set) {
  const NamespacedName wanted{set.parent.ns.value_or(set.meta.ns), set.parent.name};
  const bool exists = std::ranges::any_of(api::named(graph.resources.gateways, wanted),
                                          [](const auto& gateway) { return !gateway.is_legacy(); });
  if (exists && set.parent.kind == "Gateway") return;  // another controller's
  graph.findings.push_back({set.ref(), set.meta.location,
                            fmt::format("parentRef names {} {}, which does not exist: nobody serves these listeners",
                                        set.parent.kind, wanted.to_string())});
}

Verdict judge(const Graph& graph, const GatewayNode& gateway, const api::ListenerSet& set) {
  const api::RouteNamespaces& allowed = gateway.source->allowed_listeners;
  if (!allows_namespace(allowed, gateway.meta->ns, set.meta.ns, graph.resources.namespaces)) {
    return refusal(reason::kNotAllowed,
                   fmt::format("Gateway {} takes no ListenerSets from namespace {} "
                               "(spec.allowedListeners.namespaces.from: {})",
                               gateway.meta->namespaced_name().to_string(), set.meta.ns, from_word(allowed.from)));
  }
  if (!gateway.accepted.ok) {
    return refusal(reason::kParentNotAccepted,
                   fmt::format("Gateway {} is not accepted", gateway.meta->namespaced_name().to_string()));
  }
  return {true, reason::kAccepted, ""};
}

}  // namespace

void collect_listener_sets(Graph& graph) {
  for (const auto& set : graph.resources.listener_sets) {
    GatewayNode* const gateway = find_parent(graph, set);
    if (gateway == nullptr) {
      note_missing_parent(graph, set);
      continue;
    }
    ListenerSetNode& node = graph.listener_sets.emplace_back();
    node.source = &set;
    node.meta = &set.meta;
    node.ref = set.ref();
    node.gateway = gateway;
    node.accepted = judge(graph, *gateway, set);
  }
  // "ListenerSet ordered by creation time (oldest first)", then "by {namespace}/{name}".
  std::ranges::stable_sort(graph.listener_sets, [](const ListenerSetNode& a, const ListenerSetNode& b) {
    return is_older(*a.meta, *b.meta);
  });
  for (auto& node : graph.listener_sets) {
    add_listeners(node, node.source->listeners);
    graph.listener_sets_by_name.add(node.meta->ns, node.meta->name, &node);
    if (node.accepted.ok) node.gateway->listener_sets.push_back(&node);
  }
}

}  // namespace gw::translate
