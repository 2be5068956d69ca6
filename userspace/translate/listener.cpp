// SPDX-License-Identifier: Apache-2.0
// Each listener by itself: protocol, kinds of routes, certificates.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/binding.hpp"
#include "userspace/translate/tls_refs.hpp"

namespace gw::translate {
namespace {

bool is_known(const std::string& protocol) {
  return protocol == "TCP" || protocol == "UDP" || protocol == "HTTP" || protocol == "HTTPS" || protocol == "TLS";
}

/// The kinds of routes that a listener can bind, by its protocol.
std::vector<api::RouteGroupKind> fitting_kinds(const ListenerNode& node) {
  const std::string& group = node.owner->ref.group;
  const std::string& protocol = node.source->protocol;
  if (protocol == "TCP" || protocol == "UDP") return {{group, protocol + "Route"}};
  if (node.owner->is_legacy()) {
    if (protocol != "TLS") return {{group, "HTTPRoute"}};
    // Guide "TLS" of 2021: behind TLS that ends here a TCPRoute will do.
    if (node.terminates_tls()) return {{group, "TCPRoute"}, {group, "TLSRoute"}};
    return {{group, "TLSRoute"}};
  }
  if (protocol == "TLS") return {{group, "TLSRoute"}};
  return {{group, "HTTPRoute"}, {group, "GRPCRoute"}};
}

std::string words(const std::vector<api::RouteGroupKind>& kinds) {
  std::string text;
  for (const auto& kind : kinds) text += fmt::format("{}{}/{}", text.empty() ? "" : " and ", kind.group, kind.kind);
  return text;
}

void judge_kinds(ListenerNode& node) {
  const auto& wanted = node.source->allowed_routes.kinds;
  const std::vector<api::RouteGroupKind> fitting = fitting_kinds(node);
  if (wanted.empty()) {
    node.supported_kinds = fitting;
    return;
  }
  for (const auto& kind : wanted) {
    if (std::ranges::find(fitting, kind) != fitting.end()) {
      if (std::ranges::find(node.supported_kinds, kind) == node.supported_kinds.end()) {
        node.supported_kinds.push_back(kind);
      }
      continue;
    }
    add_verdict(node.resolved, refusal(node.owner->is_legacy() ? reason::kInvalidRoutesRef : reason::kInvalidRouteKinds,
                                       fmt::format("{}/{} cannot be bound to a {} listener (only {} can)", kind.group,
                                                   kind.kind, node.source->protocol, words(fitting))));
  }
}

Referrer referrer(const ListenerNode& node) {
  const api::ObjectRef& ref = node.owner->ref;
  return {ref.group, ref.kind, ref.ns};
}

void judge_certificates(Graph& graph, ListenerNode& node) {
  if (!node.terminates_tls()) return;
  if (!node.source->tls || node.source->tls->certificate_refs.empty()) {
    add_verdict(
        node.resolved,
        refusal(reason::kInvalidCertificateRef,
                fmt::format("a {} listener that terminates TLS needs a certificate: set {}", node.source->protocol,
                            node.owner->is_legacy() ? "tls.certificateRef" : "tls.certificateRefs")));
    return;
  }
  for (const auto& ref : node.source->tls->certificate_refs) {
    ResolvedTls resolved = resolve_key_pair(graph, referrer(node), ref, reason::kInvalidCertificateRef, graph.built);
    add_verdict(node.resolved, resolved.verdict);
    if (!resolved.verdict.ok) continue;
    node.key_pairs.push_back(std::move(resolved.key));
    for (const auto& name : graph.certificates.dns_names(resolved.secret->data)) {
      node.certificate_names.push_back(ir::Hostname::parse(name, ir::WildcardLabels::One));
    }
  }
}

/// spec.tls.frontend of the Gateway: a port's own, or else the default. It holds for HTTPS listeners.
const api::FrontendValidation* frontend_validation(const ListenerNode& node) {
  const auto& tls = node.owner->gateway->source->tls;
  if (!tls || node.source->protocol != "HTTPS") return nullptr;
  const auto of_port = std::ranges::find(tls->frontend_per_port, node.source->port, &api::GatewayTls::PerPort::port);
  if (of_port != tls->frontend_per_port.end()) return of_port->validation ? &*of_port->validation : nullptr;
  return tls->frontend_default ? &*tls->frontend_default : nullptr;
}

void judge_client_validation(Graph& graph, ListenerNode& node) {
  const api::FrontendValidation* const validation = frontend_validation(node);
  if (validation == nullptr) return;
  const api::ObjectRef& gateway = node.owner->gateway->ref;
  ResolvedAuthorities resolved =
      resolve_authorities(graph, {gateway.group, gateway.kind, gateway.ns}, validation->ca_certificate_refs,
                          {.takes_secrets = false,
                           .invalid_kind = reason::kInvalidCaCertificateKind,
                           .invalid_ref = reason::kInvalidCaCertificateRef},
                          graph.built);
  add_verdict(node.resolved, resolved.verdict);
  if (resolved.keys.empty()) {
    node.accepted =
        refusal(reason::kNoValidCaCertificate,
                fmt::format("no certificate authority for client certificates: {}", resolved.verdict.message));
    return;
  }
  node.client_validation = {std::move(resolved.keys),
                            validation->mode == api::FrontendValidation::Mode::AllowInsecureFallback};
}

void judge_filters(ListenerNode& node) {
  if (node.source->request_filters.empty()) return;
  node.accepted =
      refusal(reason::kUnsupportedValue, "filters of listeners are not served by this version: use filters of routes");
}

void judge_listener(Graph& graph, ListenerNode& node) {
  if (!is_known(node.source->protocol)) {
    node.accepted = refusal(
        reason::kUnsupportedProtocol,
        fmt::format("protocol {} is unknown here (TCP, UDP, HTTP, HTTPS and TLS are known)", node.source->protocol));
    return;
  }
  judge_kinds(node);
  judge_certificates(graph, node);
  judge_client_validation(graph, node);
  judge_filters(node);
}

/// spec.tls.backend.clientCertificateRef.
void judge_client_certificate(Graph& graph, GatewayNode& gateway) {
  const auto& tls = gateway.source->tls;
  if (!tls || !tls->backend_client_certificate) return;
  ResolvedTls resolved =
      resolve_key_pair(graph, {gateway.ref.group, gateway.ref.kind, gateway.ref.ns}, *tls->backend_client_certificate,
                       reason::kInvalidClientCertificateRef, graph.built);
  gateway.client_certificate = std::move(resolved.key);
  gateway.resolved = std::move(resolved.verdict);
}

}  // namespace

void add_listeners(ListenerOwner& owner, const std::vector<api::Listener>& listeners) {
  const auto labels = owner.is_legacy() ? ir::WildcardLabels::One : ir::WildcardLabels::OneOrMore;
  owner.sources = &listeners;
  owner.listeners.reserve(listeners.size());
  for (const auto& listener : listeners) {
    ListenerNode& node = owner.listeners.emplace_back();
    node.source = &listener;
    node.owner = &owner;
    node.hostname = ir::Hostname::parse(listener.hostname.value_or(""), labels);
  }
}

void judge_listeners(Graph& graph) {
  for (auto& gateway : graph.gateways) judge_client_certificate(graph, gateway);
  for_each_owner(graph, [&graph](ListenerOwner& owner) {
    for (auto& node : owner.listeners) {
      node.index = graph.listener_count++;
      judge_listener(graph, node);
    }
  });
}

}  // namespace gw::translate
