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

/// v1alpha1 without a port forwards to the port of the request, so each listener port makes a service of its own.
std::string service_key(const api::L4Route& route, std::uint16_t listener_port) {
  const std::string name = route.meta.namespaced_name().to_string();
  if (!route.is_legacy()) return fmt::format("{}/{}/0", route.kind, name);
  const std::string key = fmt::format("{}/{}/{}/0", api::kLegacyGroup, route.kind, name);
  return leaves_port_open(route) ? fmt::format("{}:{}", key, listener_port) : key;
}

/// The first thing that is wrong is the route's reason; every one is in its message.
void add_verdict(Verdict& verdict, const Verdict& more) {
  if (more.ok || verdict.message.find(more.message) != std::string::npos) return;
  if (verdict.ok) verdict = {false, more.reason, ""};
  verdict.message += (verdict.message.empty() ? "" : "; ") + more.message;
}

ir::Service resolve(const Graph& graph, RouteNode& route, std::uint16_t listener_port) {
  ir::Service service;
  const auto* rule = live_rule(*route.source);
  if (rule == nullptr) return service;
  for (const auto& ref : rule->backend_refs) {
    ResolvedBackend resolved = resolve_backend(graph, *route.source, ref, listener_port);
    add_verdict(route.resolved, resolved.verdict);
    if (resolved.service != nullptr) add_connection_settings(graph, *resolved.service, *resolved.port, service);
    service.backends.push_back(std::move(resolved.backends));
  }
  add_connection_settings(graph, *route.source, service);
  return service;
}

}  // namespace

void resolve_backends(Graph& graph, ir::Config& config) {
  for (const auto& gateway : graph.gateways) {
    for (const auto& listener : gateway.listeners) {
      for (RouteNode* const route : listener.routes) {
        const bool is_live = route == listener.routes.front() && gateway.accepted.ok && listener.serves();
        route->is_live = route->is_live || is_live;
        if (!leaves_port_open(*route->source)) continue;
        ir::Service service = resolve(graph, *route, listener.source->port);
        if (is_live) config.services.emplace(service_key(*route->source, listener.source->port), std::move(service));
      }
    }
  }
  // A route that nothing binds still learns what is wrong with its references.
  for (auto& route : graph.routes) {
    if (leaves_port_open(*route.source)) continue;
    ir::Service service = resolve(graph, route, 0);
    if (route.is_live) config.services.emplace(service_key(*route.source, 0), std::move(service));
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
      listener.admission = admission_of(graph, *gateway.source, *node.source);
      if (!node.routes.empty()) listener.service = service_key(*node.routes.front()->source, node.source->port);
      listeners.push_back(std::move(listener));
    }
  }
  config.listeners = std::move(listeners);
}

}  // namespace gw::translate
