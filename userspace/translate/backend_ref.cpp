// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/backend_ref.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "userspace/translate/policy.hpp"
#include "userspace/translate/tls_refs.hpp"

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

const char* protocol_of(const api::Route& route) { return route.kind == "UDPRoute" ? "UDP" : "TCP"; }

/// Null, and why, if the reference leads to no Service that can be a backend.
const api::Service* find_service(const Graph& graph, const api::Route& route, const api::BackendRef& ref,
                                 const NamespacedName& target, Verdict& verdict) {
  if (!ref.group.empty() || ref.kind != "Service") {
    verdict = refusal(reason::kInvalidKind, fmt::format("{}/{} {} cannot be a backend (only a core Service can)",
                                                        ref.group, ref.kind, target.to_string()));
    return nullptr;
  }
  verdict = permit(graph, {route.group, route.kind, route.meta.ns}, {"", "Service", target.ns, target.name});
  if (!verdict.ok) return nullptr;
  const api::Service* const service = graph.services.find(target);
  if (service == nullptr) {
    verdict = refusal(reason::kBackendNotFound, fmt::format("there is no Service {}", target.to_string()));
    return nullptr;
  }
  if (service->type == "ExternalName") {
    verdict = refusal(reason::kBackendNotFound,
                      fmt::format("Service {} is of type ExternalName, which has no endpoints", target.to_string()));
    return nullptr;
  }
  return service;
}

bool has_open_port(const std::vector<api::RouteFilter>& filters) {
  return std::ranges::any_of(filters, [](const auto& filter) {
    const auto* const mirror = filter.template as<api::RequestMirror>();
    return mirror != nullptr && !mirror->backend.port;
  });
}

bool has_open_port(const api::BackendRef& ref) { return !ref.port; }
bool has_open_port(const api::HttpBackendRef& ref) { return !ref.port || has_open_port(ref.filters); }

template <typename Rule>
bool is_open(const Rule& rule) {
  if constexpr (requires { rule.filters; }) {
    if (has_open_port(rule.filters)) return true;
  }
  return std::ranges::any_of(rule.backend_refs, [](const auto& ref) { return has_open_port(ref); });
}

bool leaves_port_open(const RouteNode& route) {
  if (!route.common->is_legacy()) return false;
  return std::visit(
      [](const auto& source) {
        return std::ranges::any_of(source->rules, [](const auto& rule) { return is_open(rule); });
      },
      route.source);
}

}  // namespace

ResolvedBackend resolve_backend(const Graph& graph, const RuleName& rule, const api::BackendRef& ref,
                                std::uint16_t default_port) {
  const api::Route& route = rule.route;
  const NamespacedName target{ref.ns.value_or(route.meta.ns), ref.name};
  const std::uint16_t port = ref.port.value_or(default_port);
  ResolvedBackend resolved;
  resolved.backends.name = fmt::format("{}:{}", target.to_string(), port);
  resolved.backends.weight = ref.weight;
  const api::Service* const service = find_service(graph, route, ref, target, resolved.verdict);
  if (service == nullptr) return resolved;
  const char* const protocol = protocol_of(route);
  const api::ServicePort* const service_port = find_port(*service, port, protocol);
  if (service_port == nullptr) {
    resolved.verdict =
        refusal(reason::kBackendNotFound, fmt::format("Service {} has no {} port {} (it has: {})", target.to_string(),
                                                      protocol, port, port_list(*service)));
    return resolved;
  }
  resolved.backends.port =
      ir::ServicePort{target, service_port->name, protocol == "UDP"sv ? ir::Protocol::Udp : ir::Protocol::Tcp};
  resolved.service = service;
  resolved.port = service_port;
  return resolved;
}

std::string rule_key(const api::Route& route, std::size_t index, const std::string& way) {
  const std::string group = route.is_legacy() ? std::string(api::kLegacyGroup) + "/" : "";
  return fmt::format("{}{}/{}/{}{}", group, route.kind, route.meta.namespaced_name().to_string(), index, way);
}

std::string way_of(const Graph& graph, const RouteNode& route, const ListenerNode& listener) {
  const OwnServices own = own_services(graph, entrance_of(listener));
  std::string way;
  if (own != OwnServices::None) way = "@" + listener.owner->gateway->meta->namespaced_name().to_string();
  if (own == OwnServices::OfListener || leaves_port_open(route)) way += fmt::format(":{}", listener.source->port);
  // One and the same TLSRoute may be on a listener that ends TLS, and on one that lets it through.
  if (listener.source->protocol == "TLS" && listener.terminates_tls() && !graph.backend_tls_targets.empty())
    way += "+tls";
  return way;
}

std::map<std::string, const ListenerNode*> ways_of(const Graph& graph, const RouteNode& route) {
  std::map<std::string, const ListenerNode*> ways;
  for (const auto& binding : route.bindings) {
    const ListenerNode& listener = *binding.listener;
    if (listener.serves()) ways.try_emplace(way_of(graph, route, listener), &listener);
  }
  return ways;
}

}  // namespace gw::translate
