// SPDX-License-Identifier: Apache-2.0
// TCP, UDP and TLS routes -> services of the IR; L4 listeners with what is live on them.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/assembly.hpp"
#include "userspace/translate/backend_ref.hpp"
#include "userspace/translate/backend_tls.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/l4_route.hpp"
#include "userspace/translate/policy.hpp"

namespace gw::translate {
namespace {

/// What an extension would match is unknown here, so it matches nothing.
bool takes_everything(const api::L4RouteRule& rule) {
  return rule.legacy_matches.empty() ||
         std::ranges::any_of(rule.legacy_matches, [](const auto& match) { return !match.extension_ref; });
}

/// `listener`: null for a route that nothing binds.
template <typename Rule>
ir::Service build_service(const Graph& graph, RouteNode& route, const Rule& rule, const ListenerNode* listener) {
  ir::Service service;
  const std::string name = rule.name.value_or("");
  const RuleName rule_name{*route.common, name};
  const auto entrance = listener == nullptr ? std::nullopt : std::optional<Entrance>(entrance_of(*listener));
  for (const auto& ref : rule.backend_refs) {
    ResolvedBackend resolved = resolve_backend(graph, rule_name, ref, entrance ? entrance->listener.port : 0);
    add_verdict(route.resolved, resolved.verdict);
    if (resolved.service != nullptr) {
      const auto layers =
          upstream_layers(graph, entrance ? &*entrance : nullptr, rule_name, {resolved.service, resolved.port});
      resolved.backends.upstream = upstream_of(layers);
      add_connection_settings(layers, service);
      if (listener != nullptr && listener->terminates_tls()) {
        resolved.backends.tls = tls_of(graph, *resolved.service, *resolved.port, route);
      }
    }
    service.backends.push_back(std::move(resolved.backends));
  }
  return service;
}

ir::Service build_rule(const Graph& graph, RouteNode& route, const api::L4Route& source, std::size_t /*index*/,
                       const ListenerNode* listener) {
  const auto* const rule = live_rule(source);
  return rule == nullptr ? ir::Service{} : build_service(graph, route, *rule, listener);
}

ir::Service build_rule(const Graph& graph, RouteNode& route, const api::TlsRoute& source, std::size_t index,
                       const ListenerNode* listener) {
  return build_service(graph, route, source.rules[index], listener);
}

template <typename Route>
void build_route(const Graph& graph, RouteNode& route, const Route& source) {
  const auto ways = ways_of(graph, route);
  for (std::size_t i = 0; i < live_rules(source); ++i) {
    add_rule(route, i, ways, route.built.services,
             [&](const ListenerNode* listener) { return build_rule(graph, route, source, i, listener); });
  }
}

}  // namespace

const api::L4RouteRule* live_rule(const api::L4Route& route) {
  const auto live = std::ranges::find_if(route.rules, takes_everything);
  return live == route.rules.end() ? nullptr : &*live;
}

std::size_t live_rules(const api::L4Route& /*route*/) { return 1; }

std::size_t live_rules(const api::TlsRoute& route) {
  return route.is_legacy() ? route.rules.size() : std::min<std::size_t>(route.rules.size(), 1);
}

std::string service_of(const Graph& graph, const RouteNode& route, std::size_t rule, const ListenerNode& listener) {
  return rule_key(*route.common, rule, way_of(graph, route, listener));
}

std::string listener_name(const ListenerNode& node) {
  const ListenerOwner& owner = *node.owner;
  const bool is_of_set = owner.ref.kind == "ListenerSet";
  return is_of_set ? owner.meta->namespaced_name().to_string() + "/" + node.source->name : node.source->name;
}

void build_services(const Graph& graph, RouteNode& route) {
  if (const auto* const source = route.as<api::L4Route>()) build_route(graph, route, *source);
  if (const auto* const source = route.as<api::TlsRoute>()) build_route(graph, route, *source);
}

ir::L4Listener build_l4_listener(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes) {
  ir::L4Listener listener;
  const GatewayNode& gateway = *node.owner->gateway;
  listener.gateway = gateway.meta->namespaced_name();
  listener.gateway_group = gateway.ref.group;
  listener.name = listener_name(node);
  listener.protocol = node.source->protocol == "UDP" ? ir::Protocol::Udp : ir::Protocol::Tcp;
  listener.port = node.source->port;
  listener.addresses = gateway.addresses;
  listener.admission = admission_of(graph, node);
  if (!routes.empty()) listener.service = service_of(graph, *routes.front().route, 0, node);
  return listener;
}

}  // namespace gw::translate
