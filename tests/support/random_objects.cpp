// SPDX-License-Identifier: Apache-2.0
// What all kinds have, Kubernetes' own kinds, ReferenceGrants and policies.
#include "tests/support/random_objects.hpp"

#include <chrono>
#include <utility>

namespace gw::testing {

std::optional<std::string> RandomObjects::other_namespace(std::uint32_t once_in_so_many) {
  return once_in(once_in_so_many) ? std::optional(namespace_name()) : std::nullopt;
}

std::string RandomObjects::hostname() {
  return text_of(
      {"example.com", "*.example.com", "a.example.com", "b.a.example.com", "*.a.example.com", "example.net"});
}

api::Labels RandomObjects::labels() {
  api::Labels made;
  if (once_in(2)) made["team"] = text_of({"red", "blue"});
  if (once_in(3)) made["stage"] = "test";
  return made;
}

api::LabelSelector RandomObjects::selector() {
  api::LabelSelector made;
  made.match_labels = labels();
  using Operator = api::LabelSelectorRequirement::Operator;
  if (once_in(3)) {
    const auto op = any_of({Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist});
    const bool has_values = op == Operator::In || op == Operator::NotIn;
    made.match_expressions.push_back(
        {"team", op, has_values ? std::vector<std::string>{"red"} : std::vector<std::string>{}});
  }
  return made;
}

api::RouteNamespaces RandomObjects::namespaces() {
  using From = api::NamespacesFrom;
  api::RouteNamespaces made;
  made.from = any_of({From::All, From::All, From::All, From::Same, From::Same, From::Selector, From::None});
  if (made.from == From::Selector) made.selector = selector();
  return made;
}

api::ObjectMeta RandomObjects::meta(const char* prefix, std::uint32_t count) {
  api::ObjectMeta meta;
  meta.ns = namespace_name();
  meta.name = name(prefix, count);
  meta.labels = labels();
  meta.generation = draw(3) + 1;
  if (once_in(2)) meta.creation_timestamp = draw(3);
  return meta;
}

api::ObjectReference RandomObjects::reference(const char* kind, const char* prefix) {
  api::ObjectReference made;
  made.kind = once_in(6) ? "Unknown" : kind;
  made.name = name(prefix, 3);
  made.ns = other_namespace(3);
  return made;
}

api::PolicyTarget RandomObjects::target(std::initializer_list<const char*> kinds) {
  api::PolicyTarget made;
  made.kind = text_of(kinds);
  made.group = made.kind == "Service" ? "" : api::kGatewayGroup;
  const bool has_listeners = made.kind == "Gateway" || made.kind == "ListenerSet";
  made.name = made.kind == "Service"       ? service_name()
              : made.kind == "Gateway"     ? gateway_name()
              : made.kind == "ListenerSet" ? name("set-", 3)
                                           : name("route-", 6);
  if (once_in(3)) made.section_name = has_listeners ? section_name() : text_of({"http", "rule-0", "rule-1"});
  return made;
}

void RandomObjects::fill(api::ReferenceGrant& grant) {
  grant.meta = meta("grant-", 3);
  for (std::uint32_t i = draw(4) + 2; i > 0; --i) {
    const std::string kind =
        text_of({"TCPRoute", "TCPRoute", "TCPRoute", "UDPRoute", "TLSRoute", "HTTPRoute", "GRPCRoute", "Gateway"});
    grant.from.push_back({once_in(6) ? api::kLegacyGroup : api::kGatewayGroup, kind, namespace_name()});
  }
  for (std::uint32_t i = draw(2) + 1; i > 0; --i) {
    api::ReferenceGrant::To& to = grant.to.emplace_back();
    to.kind = once_in(4) ? "Secret" : "Service";
    if (once_in(3)) to.name = to.kind == "Secret" ? name("secret-", 3) : service_name();
  }
}

void RandomObjects::fill(api::BackendTlsPolicy& policy) {
  policy.meta = meta("backend-tls-", 2);
  policy.targets.push_back(target({"Service"}));
  policy.hostname = hostname();
  if (once_in(2)) {
    policy.well_known_ca_certificates = "System";
  } else {
    policy.ca_certificate_refs.push_back(reference("ConfigMap", "config-"));
  }
}

void RandomObjects::fill(api::BackendPolicy& policy) {
  policy.meta = meta("backend-", 2);
  auto& backend = policy.backends.emplace_back();
  backend.object.kind = "Service";
  backend.object.name = service_name();
  if (once_in(2)) backend.port = static_cast<std::uint16_t>(80);
  policy.has_tls = once_in(2);
  if (policy.has_tls) policy.ca_certificate_ref = reference("Secret", "secret-");
}

void RandomObjects::fill(api::UpstreamPolicy& policy) {
  policy.meta = meta("upstream-", 3);
  policy.targets.push_back(
      target({"Service", "Gateway", "TCPRoute", "UDPRoute", "HTTPRoute", "GRPCRoute", "TLSRoute"}));
  if (policy.targets[0].kind == "Gateway" && once_in(2)) policy.merge = api::MergeStrategy::Overrides;
  if (once_in(2)) policy.source_address = static_cast<api::SourceAddress>(draw(3));
  if (once_in(3)) policy.direct_return = static_cast<api::DirectReturn>(draw(3));
  if (once_in(3)) policy.session_affinity = api::SessionAffinity::ClientIP;
  if (once_in(2)) policy.drain_timeout = std::chrono::seconds(draw(3) * 10);
  if (once_in(3)) policy.idle_timeout = std::chrono::seconds(draw(3) * 10 + 10);
  if (once_in(4)) policy.active_check.emplace();
  if (once_in(4)) policy.passive_check.emplace();
  if (once_in(4)) policy.load_balancing.emplace();
  if (once_in(6)) policy.limits.max_connections = draw(3) + 1;
}

void RandomObjects::fill(api::ClientPolicy& policy) {
  policy.meta = meta("client-", 3);
  policy.targets.push_back(target({"Gateway", "Gateway", "ListenerSet"}));
  if (policy.targets[0].kind == "Gateway" && once_in(2)) policy.merge = api::MergeStrategy::Overrides;
  if (once_in(2)) policy.deny.push_back(IpPrefix::parse("198.51.100.0/24").value());
  if (once_in(2)) policy.allow.push_back(IpPrefix::parse("198.51.0.0/16").value());
  if (once_in(2)) policy.connections_per_second = draw(3) + 1;
  if (once_in(4)) policy.max_connections = draw(3) + 1;
  if (once_in(6)) policy.tls.emplace();
}

void RandomObjects::fill(api::GatewayClassConfig& config) {
  config.meta = meta("config-", 2);
  config.meta.ns.clear();
  if (once_in(2)) config.address_pools.push_back({"pool", {IpPrefix::parse("192.0.2.0/30").value()}});
  if (once_in(2)) config.limits.gateways = draw(3) + 1;
  if (once_in(2)) config.limits.listeners_per_gateway = draw(3) + 1;
  if (once_in(2)) config.limits.routes_per_listener = draw(3) + 1;
}

void RandomObjects::fill(api::Service& service) {
  service.meta = meta("service-", 3);
  service.ports = {{"http", "TCP", 80, {}, ""}, {"dns", "UDP", 80, {}, ""}, {"more", "TCP", 81, {}, ""}};
  if (once_in(3)) service.ports = {{"", once_in(4) ? "UDP" : "TCP", 80, {}, ""}};
  if (once_in(10)) service.type = "ExternalName";
  service.has_client_ip_affinity = once_in(6);
}

void RandomObjects::fill(api::EndpointSlice& slice) {
  slice.meta = meta("slice-", 10);
  if (!once_in(8)) slice.meta.labels["kubernetes.io/service-name"] = service_name();
  const bool is_v6 = once_in(4);
  slice.address_type = once_in(12) ? "FQDN" : is_v6 ? "IPv6" : "IPv4";
  const std::uint16_t target = once_in(2) ? 8080 : 9090;
  slice.ports = {{"http", "TCP", target, ""}, {"dns", "UDP", target, ""}, {"", "TCP", target, ""}};
  if (once_in(8)) slice.ports.front().port.reset();
  for (std::uint32_t i = 0, count = draw(6); i < count; ++i) {
    api::SliceEndpoint endpoint;
    const std::string host = std::to_string(draw(8) + 2);
    endpoint.addresses = {is_v6 ? "2001:db8:2::" + host : (once_in(8) ? "10.0.1." : "10.0.2.") + host};
    if (once_in(3)) endpoint.ready = once_in(2);
    if (once_in(3)) endpoint.node_name = name("node-", 3);
    slice.endpoints.push_back(std::move(endpoint));
  }
}

void RandomObjects::fill(api::Secret& secret) {
  secret.meta = meta("secret-", 3);
  secret.type = once_in(3) ? "Opaque" : api::Secret::kTlsType;
  if (!once_in(4)) secret.data = {{"tls.crt", "not a certificate"}, {"tls.key", "not a key"}};
}

void RandomObjects::fill(api::ConfigMap& config_map) {
  config_map.meta = meta("config-", 3);
  if (!once_in(4)) config_map.data = {{"ca.crt", "not a certificate"}};
}

void RandomObjects::fill(api::Namespace& ns) {
  ns.meta = meta("", 1);
  ns.meta.name = std::exchange(ns.meta.ns, "");
  ns.meta.labels["kubernetes.io/metadata.name"] = ns.meta.name;
}

}  // namespace gw::testing
