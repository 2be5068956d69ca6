// SPDX-License-Identifier: Apache-2.0
// Routes -> services of the IR, and listeners with what is live on them.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/backend_ref.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/policy.hpp"

namespace gw::translate {
namespace {

/// What an extension would match is unknown here, so it matches nothing.
bool takes_everything(const api::L4RouteRule& rule) {
  return rule.legacy_matches.empty() ||
         std::ranges::any_of(rule.legacy_matches, [](const auto& match) { return !match.extension_ref; });
}

/// Only one rule can ever be live: v1 has exactly one, and v1alpha1's others need match extensions.
const api::L4RouteRule* live_rule(const api::L4Route& route) {
  const auto live = std::ranges::find_if(route.rules, takes_everything);
  return live == route.rules.end() ? nullptr : &*live;
}

bool leaves_port_open(const api::L4Route& route) {
  const auto* rule = live_rule(route);
  return rule != nullptr && std::ranges::any_of(rule->backend_refs, [](const auto& ref) { return !ref.port; });
}

/// Where a listener's traffic needs a service of its own: v1alpha1 without a port forwards to the port of the request,
/// and UpstreamPolicies of a Gateway hold for what comes through it alone.
std::string service_key(const Graph& graph, const api::L4Route& route, const Entrance& entrance) {
  const std::string name = route.meta.namespaced_name().to_string();
  std::string key = route.is_legacy() ? fmt::format("{}/{}/{}/0", api::kLegacyGroup, route.kind, name)
                                      : fmt::format("{}/{}/0", route.kind, name);
  const OwnServices own = own_services(graph, entrance);
  if (own != OwnServices::None) key += "@" + entrance.gateway.meta.namespaced_name().to_string();
  const bool has_port_of_request = route.is_legacy() && leaves_port_open(route);
  if (own == OwnServices::OfListener || has_port_of_request) key += fmt::format(":{}", entrance.listener.port);
  return key;
}

/// The first thing that is wrong is the route's reason; every one is in its message.
void add_verdict(Verdict& verdict, const Verdict& more) {
  if (more.ok || verdict.message.find(more.message) != std::string::npos) return;
  if (verdict.ok) verdict = {false, more.reason, ""};
  verdict.message += (verdict.message.empty() ? "" : "; ") + more.message;
}

/// `entrance`: null for a route that nothing binds.
ir::Service resolve(const Graph& graph, RouteNode& route, const Entrance* entrance) {
  ir::Service service;
  const auto* rule = live_rule(*route.source);
  if (rule == nullptr) return service;
  for (const auto& ref : rule->backend_refs) {
    ResolvedBackend resolved =
        resolve_backend(graph, *route.source, ref, entrance == nullptr ? 0 : entrance->listener.port);
    add_verdict(route.resolved, resolved.verdict);
    if (resolved.service != nullptr) {
      const auto layers = upstream_layers(graph, entrance, *route.source, {resolved.service, resolved.port});
      resolved.backends.upstream = upstream_of(layers);
      add_connection_settings(layers, service);
    }
    service.backends.push_back(std::move(resolved.backends));
  }
  return service;
}

}  // namespace

void resolve_backends(Graph& graph, ir::Config& config) {
  for (const auto& gateway : graph.gateways) {
    for (const auto& listener : gateway.listeners) {
      const Entrance entrance{*gateway.source, *listener.source};
      for (RouteNode* const route : listener.routes) {
        const bool is_live = route == listener.routes.front() && gateway.accepted.ok && listener.serves();
        if (!is_live && !leaves_port_open(*route->source)) continue;
        route->is_resolved = true;
        const std::string key = service_key(graph, *route->source, entrance);
        if (is_live && config.services.contains(key)) continue;
        ir::Service service = resolve(graph, *route, &entrance);
        if (is_live) config.services.emplace(key, std::move(service));
      }
    }
  }
  // A route that serves nothing still learns what is wrong with its references.
  for (auto& route : graph.routes) {
    if (!route.is_resolved && !leaves_port_open(*route.source)) (void)resolve(graph, route, nullptr);
  }
}

void build_listeners(const Graph& graph, ir::Config& config) {
  std::vector<ir::L4Listener> listeners;
  for (const auto& gateway : graph.gateways) {
    if (!gateway.accepted.ok) continue;
    for (const auto& node : gateway.listeners) {
      if (!node.serves()) continue;
      ir::L4Listener listener;
      listener.gateway = gateway.source->meta.namespaced_name();
      listener.gateway_group = gateway.source->group;
      listener.name = node.source->name;
      listener.protocol = node.source->protocol == "UDP" ? ir::Protocol::Udp : ir::Protocol::Tcp;
      listener.port = node.source->port;
      listener.addresses = gateway.addresses;
      const Entrance entrance{*gateway.source, *node.source};
      listener.admission = admission_of(client_layers(graph, entrance));
      if (!node.routes.empty()) listener.service = service_key(graph, *node.routes.front()->source, entrance);
      listeners.push_back(std::move(listener));
    }
  }
  config.listeners = std::move(listeners);
}

}  // namespace gw::translate
