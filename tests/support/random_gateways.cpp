// SPDX-License-Identifier: Apache-2.0
// GatewayClass, Gateway, ListenerSet.
#include "tests/support/random_objects.hpp"

namespace gw::testing {

void RandomObjects::fill(api::GatewayClass& gateway_class) {
  gateway_class.meta = meta("class-", 3);
  gateway_class.meta.ns.clear();
  gateway_class.group = once_in(4) ? api::kLegacyGroup : api::kGatewayGroup;
  gateway_class.version = gateway_class.group == api::kLegacyGroup ? "v1alpha1" : "v1";
  gateway_class.controller_name = once_in(3) ? "example.com/another" : api::kControllerName;
  if (!once_in(4)) return;
  gateway_class.parameters_ref = reference("GatewayClassConfig", "config-");
  if (!once_in(4)) gateway_class.parameters_ref->group = api::kPolicyGroup;
}

void RandomObjects::fill(api::Gateway& gateway) {
  gateway.meta = meta("gateway-", 3);
  gateway.group = once_in(4) ? api::kLegacyGroup : api::kGatewayGroup;
  gateway.version = gateway.is_legacy() ? "v1alpha1" : "v1";
  gateway.class_name = once_in(2) ? "nobodys" : name("class-", 3);
  gateway.listeners = listeners(gateway.is_legacy() ? api::kLegacyGroup : api::kGatewayGroup);
  if (once_in(3)) gateway.addresses.push_back({"IPAddress", "192.0.2." + std::to_string(draw(4) + 1), "", {}});
  if (once_in(8)) gateway.addresses.push_back({"IPAddress", text_of({"2001:db8::1", "", "127.0.0.1"}), "", {}});
  if (once_in(12)) gateway.addresses.push_back({"Hostname", "gateway.example.com", "", {}});
  if (gateway.is_legacy()) return;
  gateway.allowed_listeners = once_in(2) ? namespaces() : api::RouteNamespaces{api::NamespacesFrom::None, {}};
  if (once_in(5)) gateway.default_scope = api::DefaultScope::All;
  if (once_in(6)) {
    api::GatewayTls& tls = gateway.tls.emplace();
    if (once_in(2)) tls.backend_client_certificate = reference("Secret", "secret-");
    if (once_in(2)) tls.frontend_default.emplace().ca_certificate_refs.push_back(reference("ConfigMap", "config-"));
    if (once_in(2)) tls.frontend_per_port.push_back({port(), std::nullopt});
  }
}

void RandomObjects::fill(api::ListenerSet& listener_set) {
  listener_set.meta = meta("set-", 3);
  listener_set.parent.name = gateway_name();
  listener_set.parent.ns = other_namespace(3);
  listener_set.listeners = listeners(api::kGatewayGroup);
}

/// Names are unique within an object, as a cluster would have it; ports are not.
std::vector<api::Listener> RandomObjects::listeners(const char* group) {
  std::vector<api::Listener> made;
  for (std::uint32_t i = 0, count = draw(3) + 1; i < count; ++i) made.push_back(listener(i, group));
  return made;
}

api::Listener RandomObjects::listener(std::uint32_t number, const char* group) {
  const bool is_legacy = group == std::string(api::kLegacyGroup);
  api::Listener listener;
  listener.name = (is_legacy ? "listener-" : "l") + std::to_string(number);
  listener.port = port();
  listener.protocol =
      text_of({"TCP", "TCP", "TCP", "TCP", "TCP", "UDP", "UDP", "HTTP", "HTTPS", "TLS", "example.com/own"});
  if (listener.protocol.starts_with("HTTP") || listener.protocol == "TLS") {
    if (!once_in(3)) listener.hostname = hostname();
  }
  if (listener.protocol == "HTTPS" || listener.protocol == "TLS") {
    listener.tls.emplace().mode =
        listener.protocol == "TLS" && once_in(2) ? api::TlsMode::Passthrough : api::TlsMode::Terminate;
    for (std::uint32_t i = draw(3); i > 0; --i) {
      listener.tls->certificate_refs.push_back(reference("Secret", "secret-"));
    }
  }
  listener.allowed_routes.namespaces = namespaces();
  listener.allowed_routes.kinds = is_legacy ? legacy_kinds(listener.protocol) : kinds();
  if (is_legacy && once_in(2)) listener.legacy_route_selector = selector();
  return listener;
}

/// None: what the protocol implies.
std::vector<api::RouteGroupKind> RandomObjects::kinds() {
  std::vector<api::RouteGroupKind> made;
  for (std::uint32_t i = once_in(3) ? draw(3) : 0; i > 0; --i) {
    const std::string kind = text_of({"TCPRoute", "UDPRoute", "HTTPRoute", "GRPCRoute", "TLSRoute", "Unknown"});
    made.push_back({once_in(6) ? "example.com" : api::kGatewayGroup, kind});
  }
  return made;
}

/// In 2021 a listener names one kind.
std::vector<api::RouteGroupKind> RandomObjects::legacy_kinds(const std::string& protocol) {
  if (once_in(6)) return {{api::kLegacyGroup, text_of({"TCPRoute", "UDPRoute", "HTTPRoute", "TLSRoute", "Unknown"})}};
  const bool is_named_so = protocol == "TCP" || protocol == "UDP" || protocol == "TLS";
  return {{api::kLegacyGroup, is_named_so ? protocol + "Route" : "HTTPRoute"}};
}

}  // namespace gw::testing
