// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/backend_ref.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace gw::translate {
namespace {

using std::string_view_literals::operator""sv;

const api::ServicePort* find_port(const api::Service& service, std::uint16_t number, const std::string& protocol) {
  const auto port = std::ranges::find_if(
      service.ports, [&](const auto& candidate) { return candidate.port == number && candidate.protocol == protocol; });
  return port == service.ports.end() ? nullptr : &*port;
}

std::string port_list(const api::Service& service) {
  std::string text;
  for (const auto& port : service.ports)
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", port.port, port.protocol);
  return text.empty() ? "none" : text;
}

Verdict invalid(const char* reason, std::string message) { return {false, reason, std::move(message)}; }

}  // namespace

bool is_granted(const Graph& graph, const api::L4Route& route, const std::string& to_ns, const std::string& service) {
  const auto grants = [&](const api::ReferenceGrant* grant) {
    const bool from = std::ranges::any_of(grant->from, [&](const auto& entry) {
      return entry.group == api::kGatewayGroup && entry.kind == route.kind && entry.ns == route.meta.ns;
    });
    const bool to = std::ranges::any_of(grant->to, [&](const auto& entry) {
      return entry.group.empty() && entry.kind == "Service" && (!entry.name || *entry.name == service);
    });
    return from && to;
  };
  const auto in_namespace = graph.grants.find(to_ns);
  return in_namespace != graph.grants.end() && std::ranges::any_of(in_namespace->second, grants);
}

ResolvedBackend resolve_backend(const Graph& graph, const api::L4Route& route, const api::BackendRef& ref,
                                std::uint16_t default_port) {
  const NamespacedName target{ref.ns.value_or(route.meta.ns), ref.name};
  const std::uint16_t port = ref.port.value_or(default_port);
  ResolvedBackend resolved;
  resolved.backends.name = fmt::format("{}:{}", target.to_string(), port);
  resolved.backends.weight = ref.weight;
  if (!ref.group.empty() || ref.kind != "Service") {
    resolved.verdict = invalid(
        reason::kInvalidKind,
        fmt::format("{}/{} {} cannot be a backend (only a core Service can)", ref.group, ref.kind, target.to_string()));
    return resolved;
  }
  // Before existence: who may not refer to a namespace must not learn what is in it.
  if (target.ns != route.meta.ns && !is_granted(graph, route, target.ns, target.name)) {
    resolved.verdict = invalid(
        reason::kRefNotPermitted,
        fmt::format("Service {} is in another namespace, and no ReferenceGrant in {} lets {}s of {} refer to it",
                    target.to_string(), target.ns, route.kind, route.meta.ns));
    return resolved;
  }
  const api::Service* const service = graph.services.find(target);
  if (service == nullptr) {
    resolved.verdict = invalid(reason::kBackendNotFound, fmt::format("there is no Service {}", target.to_string()));
    return resolved;
  }
  if (service->type == "ExternalName") {
    resolved.verdict =
        invalid(reason::kBackendNotFound,
                fmt::format("Service {} is of type ExternalName, which has no endpoints", target.to_string()));
    return resolved;
  }
  const api::ServicePort* const service_port = find_port(*service, port, route.protocol());
  if (service_port == nullptr) {
    resolved.verdict =
        invalid(reason::kBackendNotFound, fmt::format("Service {} has no {} port {} (it has: {})", target.to_string(),
                                                      route.protocol(), port, port_list(*service)));
    return resolved;
  }
  resolved.backends.port =
      ir::ServicePort{target, service_port->name, route.protocol() == "UDP"sv ? ir::Protocol::Udp : ir::Protocol::Tcp};
  resolved.service = service;
  resolved.port = service_port;
  return resolved;
}

}  // namespace gw::translate
