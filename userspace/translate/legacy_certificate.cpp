// SPDX-License-Identifier: Apache-2.0
// 2021: an HTTPRoute may bring the certificate of its hostnames, if the listener's tls.routeOverride.certificate says
// Allow. It is chosen when the connection begins, by the name that the client asks for.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/tls_refs.hpp"

namespace gw::translate {
namespace {

void note_denied(RouteNode& route, const ListenerNode& listener) {
  for (auto& parent : route.parents) {
    if (parent.owner != listener.owner || !parent.accepted.ok) continue;
    parent.accepted.message += fmt::format(
        "{}{} does not let routes bring certificates (tls.routeOverride.certificate: Deny): tls.certificateRef "
        "of the route has no effect there",
        parent.accepted.message.empty() ? "" : "; ", listener.source->name);
  }
}

void bring_certificate(const Graph& graph, RouteNode& route, const api::ObjectReference& certificate,
                       Binding& binding) {
  const ListenerNode& listener = *binding.listener;
  if (!listener.terminates_tls()) return;
  if (!listener.source->tls || !listener.source->tls->legacy_route_may_override_certificate) {
    note_denied(route, listener);
    return;
  }
  ResolvedTls resolved = resolve_key_pair(graph, {route.common->group, route.common->kind, route.meta().ns},
                                          certificate, reason::kInvalidCertificateRef, route.built);
  add_verdict(route.resolved, resolved.verdict);
  binding.key_pair = std::move(resolved.key);
}

}  // namespace

void bring_legacy_certificates(const Graph& graph, RouteNode& route) {
  const auto* const source = route.as<api::HttpRoute>();
  if (source == nullptr || !source->legacy_certificate_ref) return;
  for (auto& binding : route.bindings) bring_certificate(graph, route, *source->legacy_certificate_ref, binding);
}

}  // namespace gw::translate
