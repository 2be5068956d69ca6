// SPDX-License-Identifier: Apache-2.0
// 2021: an HTTPRoute may bring the certificate of its hostnames, if the listener's tls.routeOverride.certificate says
// Allow. It is chosen when the connection begins, by the name that the client asks for.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/tls_refs.hpp"

namespace gw::translate {
namespace {

/// "If two routes have the same hostname, the oldest wins": routes come by precedence.
std::vector<ir::Hostname> without_taken(const ListenerNode& listener, std::vector<ir::Hostname> hostnames) {
  for (const auto& [key, taken] : listener.route_key_pairs) {
    std::erase_if(hostnames, [&taken](const auto& name) { return std::ranges::find(taken, name) != taken.end(); });
  }
  return hostnames;
}

void note_denied(RouteNode& route, const ListenerNode& listener) {
  for (auto& parent : route.parents) {
    if (parent.owner != listener.owner || !parent.accepted.ok) continue;
    parent.accepted.message += fmt::format(
        "{}{} does not let routes bring certificates (tls.routeOverride.certificate: Deny): tls.certificateRef "
        "of the route has no effect there",
        parent.accepted.message.empty() ? "" : "; ", listener.source->name);
  }
}

void bring_certificate(Graph& graph, ListenerNode& listener, const BoundRoute& bound, ir::Config& config) {
  const auto* const route = bound.route->as<api::HttpRoute>();
  if (route == nullptr || !route->legacy_certificate_ref || !listener.terminates_tls()) return;
  if (!listener.source->tls || !listener.source->tls->legacy_route_may_override_certificate) {
    note_denied(*bound.route, listener);
    return;
  }
  ResolvedTls resolved = resolve_key_pair(graph, {route->group, route->kind, route->meta.ns},
                                          *route->legacy_certificate_ref, reason::kInvalidCertificateRef, config);
  add_verdict(bound.route->resolved, resolved.verdict);
  if (!resolved.verdict.ok) return;
  std::vector<ir::Hostname> hostnames = without_taken(listener, bound.hostnames);
  if (!hostnames.empty()) listener.route_key_pairs.emplace_back(std::move(resolved.key), std::move(hostnames));
}

}  // namespace

void bring_legacy_certificates(Graph& graph, ir::Config& config) {
  for (auto& gateway : graph.gateways) {
    if (!gateway.is_legacy()) continue;
    for (auto& listener : gateway.listeners) {
      for (const auto& bound : listener.routes) bring_certificate(graph, listener, bound, config);
    }
  }
}

}  // namespace gw::translate
