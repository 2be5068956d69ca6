// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_resources.hpp"

#include <algorithm>
#include <array>

namespace gw::testing {
namespace {

constexpr std::uint32_t kServices = 6;

}  // namespace

api::ObjectMeta RandomResources::meta(const char* prefix, std::uint32_t count) {
  api::ObjectMeta meta;
  meta.ns = draw(4) == 0 ? "other" : "default";
  meta.name = name(prefix, count);
  meta.generation = draw(3) + 1;
  return meta;
}

/// Replaces the object of that name, adds it, or removes it.
template <typename Kind>
void RandomResources::change(api::Objects<Kind>& objects, Kind fresh) {
  std::vector<typename api::Objects<Kind>::Pointer> kept;
  const api::ObjectRef ref = fresh.ref();
  bool was_there = false;
  for (const auto& object : objects.pointers()) {
    if (object->ref() == ref) {
      was_there = true;
    } else {
      kept.push_back(object);
    }
  }
  if (!was_there || draw(3) != 0) kept.push_back(std::make_shared<const Kind>(std::move(fresh)));
  objects = api::Objects<Kind>(std::move(kept));
}

api::Listener RandomResources::listener(std::uint32_t number) {
  static constexpr std::array kProtocols = {"TCP", "TCP", "TCP", "UDP", "HTTP", "HTTP", "HTTPS", "TLS"};
  api::Listener listener;
  listener.name = "l" + std::to_string(number);
  listener.port = static_cast<std::uint16_t>(80 + draw(6));
  listener.protocol = kProtocols.at(draw(kProtocols.size()));
  const bool has_hostname = listener.protocol != "TCP" && listener.protocol != "UDP";
  if (has_hostname && draw(2) == 0) listener.hostname = hostnames().front();
  if (listener.protocol == "TLS") listener.tls.emplace().mode = api::TlsMode::Passthrough;
  if (listener.protocol == "HTTPS") {
    listener.tls.emplace().certificate_refs.push_back({"", "Secret", std::nullopt, name("secret-", 2), {}});
  }
  listener.allowed_routes.namespaces.from = draw(2) == 0 ? api::NamespacesFrom::All : api::NamespacesFrom::Same;
  return listener;
}

api::Gateway RandomResources::gateway() {
  api::Gateway gateway;
  gateway.meta = meta("gateway-", 4);
  gateway.class_name = "portcullis";
  if (draw(2) == 0) gateway.allowed_listeners.from = api::NamespacesFrom::All;
  if (draw(3) == 0) gateway.addresses.push_back({"IPAddress", "192.0.2." + std::to_string(draw(4) + 1), "", {}});
  for (std::uint32_t i = 0, count = draw(4); i < count; ++i) gateway.listeners.push_back(listener(i));
  return gateway;
}

api::ListenerSet RandomResources::listener_set() {
  api::ListenerSet set;
  set.meta = meta("set-", 3);
  set.parent = parents().front();
  set.parent.section_name.reset();
  for (std::uint32_t i = 0, count = draw(3) + 1; i < count; ++i) set.listeners.push_back(listener(i));
  return set;
}

std::vector<api::ParentReference> RandomResources::parents() {
  std::vector<api::ParentReference> references;
  for (std::uint32_t i = 0, count = draw(2) + 1; i < count; ++i) {
    api::ParentReference& parent = references.emplace_back();
    parent.name = name("gateway-", 4);
    if (draw(2) == 0) parent.section_name = "l" + std::to_string(draw(3));
    if (draw(3) == 0) parent.ns = "default";
    if (draw(5) != 0) continue;
    parent.kind = "ListenerSet";
    parent.name = name("set-", 3);
  }
  return references;
}

std::vector<std::string> RandomResources::hostnames() {
  static constexpr std::array kNames = {"a.example.com", "*.example.com", "b.a.example.com", "*.a.example.com",
                                        "example.com"};
  std::vector<std::string> chosen;
  for (std::uint32_t i = 0, count = draw(2) + 1; i < count; ++i) chosen.emplace_back(kNames.at(draw(kNames.size())));
  return chosen;
}

api::HttpBackendRef RandomResources::http_backend() {
  api::HttpBackendRef ref;
  ref.name = name("service-", kServices);
  ref.port = static_cast<std::uint16_t>(draw(5) == 0 ? 81 : 80);
  ref.weight = draw(3);
  if (draw(4) == 0) ref.ns = "default";
  return ref;
}

api::L4Route RandomResources::route() {
  api::L4Route route;
  route.meta = meta("route-", 6);
  route.kind = draw(4) == 0 ? "UDPRoute" : "TCPRoute";
  route.parent_refs = parents();
  api::L4RouteRule& rule = route.rules.emplace_back();
  for (std::uint32_t i = 0, count = draw(3) + 1; i < count; ++i) rule.backend_refs.push_back(http_backend());
  return route;
}

api::HttpRoute RandomResources::http_route() {
  api::HttpRoute route;
  route.meta = meta("http-", 4);
  route.parent_refs = parents();
  if (draw(2) == 0) route.hostnames = hostnames();
  for (std::uint32_t i = 0, count = draw(3) + 1; i < count; ++i) {
    api::HttpRouteRule& rule = route.rules.emplace_back();
    api::HttpRouteMatch& match = rule.matches.emplace_back();
    match.path.value = draw(2) == 0 ? "/" : "/a/b";
    match.path.type = static_cast<api::HttpPathMatch::Type>(draw(4));
    if (draw(3) == 0)
      match.headers.push_back({static_cast<api::StringMatchType>(draw(2)), "X", draw(2) == 0 ? "(" : "v"});
    if (draw(3) == 0) rule.filters.push_back({api::RequestMirror{http_backend(), 1, 2}, {}});
    if (draw(4) != 0) rule.backend_refs.push_back(http_backend());
  }
  return route;
}

api::GrpcRoute RandomResources::grpc_route() {
  api::GrpcRoute route;
  route.meta = meta("grpc-", 3);
  route.parent_refs = parents();
  api::GrpcRouteRule& rule = route.rules.emplace_back();
  if (draw(2) == 0) rule.matches.push_back({api::GrpcMethodMatch{api::StringMatchType::Exact, "s.S", {}}, {}});
  rule.backend_refs.push_back(http_backend());
  return route;
}

api::TlsRoute RandomResources::tls_route() {
  api::TlsRoute route;
  route.meta = meta("tls-", 3);
  route.parent_refs = parents();
  route.hostnames = hostnames();
  route.rules.emplace_back().backend_refs.push_back(http_backend());
  return route;
}

api::BackendTlsPolicy RandomResources::backend_tls_policy() {
  api::BackendTlsPolicy policy;
  policy.meta = meta("backend-tls-", 3);
  policy.targets.push_back({"", "Service", name("service-", kServices), {}, {}});
  policy.hostname = "a.example.com";
  policy.well_known_ca_certificates = draw(2) == 0 ? "System" : "example.com/own";
  return policy;
}

api::Service RandomResources::service() {
  api::Service service;
  service.meta = meta("service-", kServices);
  service.ports = {{draw(3) == 0 ? "http" : "", draw(4) == 0 ? "UDP" : "TCP", 80, {}, ""}};
  return service;
}

api::EndpointSlice RandomResources::slice() {
  api::EndpointSlice slice;
  slice.meta = meta("slice-", 10);
  if (draw(8) != 0) slice.meta.labels["kubernetes.io/service-name"] = name("service-", kServices);
  const bool is_v6 = draw(4) == 0;
  slice.address_type = is_v6 ? "IPv6" : "IPv4";
  slice.ports = {{draw(3) == 0 ? "http" : "", draw(4) == 0 ? "UDP" : "TCP", draw(2) == 0 ? 8080 : 9090, ""}};
  for (std::uint32_t i = 0, count = draw(6); i < count; ++i) {
    api::SliceEndpoint endpoint;
    const std::string host = std::to_string(draw(8) + 2);
    endpoint.addresses = {is_v6 ? "2001:db8:2::" + host : (draw(8) == 0 ? "10.0.1." : "10.0.2.") + host};
    if (draw(3) == 0) endpoint.ready = draw(2) == 0;
    if (draw(3) == 0) endpoint.node_name = name("node-", 3);
    slice.endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

api::UpstreamPolicy RandomResources::upstream_policy() {
  api::UpstreamPolicy policy;
  policy.meta = meta("upstream-", 3);
  api::PolicyTarget target;
  const std::uint32_t kind = draw(3);
  target.group = kind == 0 ? "" : api::kGatewayGroup;
  target.kind = kind == 0 ? "Service" : kind == 1 ? "TCPRoute" : "Gateway";
  target.name = kind == 0 ? name("service-", kServices) : kind == 1 ? name("route-", 6) : name("gateway-", 4);
  policy.targets.push_back(std::move(target));
  if (kind == 2 && draw(2) == 0) policy.merge = api::MergeStrategy::Overrides;
  if (draw(2) == 0) policy.source_address = static_cast<api::SourceAddress>(draw(3));
  if (draw(3) == 0) policy.direct_return = static_cast<api::DirectReturn>(draw(3));
  if (draw(3) == 0) policy.session_affinity = api::SessionAffinity::ClientIP;
  if (draw(2) == 0) policy.drain_timeout = std::chrono::seconds(draw(3) * 10);
  if (draw(3) == 0) policy.idle_timeout = std::chrono::seconds(draw(3) * 10 + 10);
  return policy;
}

api::ClientPolicy RandomResources::client_policy() {
  api::ClientPolicy policy;
  policy.meta = meta("client-", 3);
  api::PolicyTarget target;
  target.group = api::kGatewayGroup;
  target.kind = "Gateway";
  target.name = name("gateway-", 4);
  policy.targets.push_back(std::move(target));
  if (draw(2) == 0) policy.merge = api::MergeStrategy::Overrides;
  if (draw(2) == 0) policy.deny.push_back(IpPrefix::parse("198.51.100.0/24").value());
  if (draw(2) == 0) policy.allow.push_back(IpPrefix::parse("198.51.0.0/16").value());
  if (draw(2) == 0) policy.connections_per_second = draw(3) + 1;
  return policy;
}

api::ReferenceGrant RandomResources::grant() {
  api::ReferenceGrant grant;
  grant.meta = meta("grant-", 2);
  grant.from.push_back({api::kGatewayGroup, draw(2) == 0 ? "TCPRoute" : "UDPRoute", "other"});
  api::ReferenceGrant::To& to = grant.to.emplace_back();
  to.kind = "Service";
  if (draw(2) == 0) to.name = name("service-", kServices);
  return grant;
}

void RandomResources::change_something() {
  switch (draw(18)) {
    case 0: change(set_.gateways, gateway()); return;
    case 1:
    case 2: change(set_.l4_routes, route()); return;
    case 3: change(set_.services, service()); return;
    case 4: change(set_.upstream_policies, upstream_policy()); return;
    case 5: change(set_.client_policies, client_policy()); return;
    case 6: change(set_.reference_grants, grant()); return;
    case 7: change(set_.listener_sets, listener_set()); return;
    case 8:
    case 9: change(set_.http_routes, http_route()); return;
    case 10: change(set_.grpc_routes, grpc_route()); return;
    case 11: change(set_.tls_routes, tls_route()); return;
    case 12: change(set_.backend_tls_policies, backend_tls_policy()); return;
    default: change(set_.endpoint_slices, slice()); return;
  }
}

const api::ResourceSet& RandomResources::next() {
  for (std::uint32_t i = draw(3) + 1; i > 0; --i) change_something();
  set_.sort();
  return set_;
}

}  // namespace gw::testing
