// SPDX-License-Identifier: Apache-2.0
// One immutable snapshot of all objects, of both API generations, as the provider delivers it.
#pragma once

#include "userspace/api/backend_tls.hpp"
#include "userspace/api/core.hpp"
#include "userspace/api/gateway.hpp"
#include "userspace/api/grpc_route.hpp"
#include "userspace/api/http_route.hpp"
#include "userspace/api/l4_route.hpp"
#include "userspace/api/objects.hpp"
#include "userspace/api/policy.hpp"
#include "userspace/api/tls_route.hpp"

#include <algorithm>
#include <tuple>

namespace gw::api {

/// The order of every list: by namespace and name; the rest only where these are the same.
template <typename Kind>
bool is_before(const Kind& a, const Kind& b) {
  const auto name = [](const Kind& object) { return std::tie(object.meta.ns, object.meta.name); };
  if (name(a) != name(b)) return name(a) < name(b);
  const ObjectRef a_ref = a.ref();
  const ObjectRef b_ref = b.ref();
  return std::tie(a_ref.group, a_ref.kind) < std::tie(b_ref.group, b_ref.kind);
}

/// The objects of that name in a sorted list; several if they differ in group or kind.
template <typename Kind>
auto named(const Objects<Kind>& objects, const NamespacedName& name) {
  const auto name_of = [](const Kind& object) { return std::tie(object.meta.ns, object.meta.name); };
  return std::ranges::equal_range(objects, std::tie(name.ns, name.name), {}, name_of);
}

/// Objects are unique by group, kind, namespace and name. Each list is sorted by is_before().
struct ResourceSet {
  Objects<GatewayClass> gateway_classes;
  Objects<Gateway> gateways;
  Objects<ListenerSet> listener_sets;
  Objects<HttpRoute> http_routes;
  Objects<GrpcRoute> grpc_routes;
  Objects<TlsRoute> tls_routes;
  Objects<L4Route> l4_routes;  ///< TCPRoutes and UDPRoutes
  Objects<ReferenceGrant> reference_grants;
  Objects<BackendTlsPolicy> backend_tls_policies;
  Objects<BackendPolicy> backend_policies;  ///< of 2021
  Objects<UpstreamPolicy> upstream_policies;
  Objects<ClientPolicy> client_policies;
  Objects<GatewayClassConfig> gateway_class_configs;
  Objects<Service> services;
  Objects<EndpointSlice> endpoint_slices;
  Objects<Secret> secrets;
  Objects<ConfigMap> config_maps;
  Objects<Namespace> namespaces;

  /// Calls `visit` with a pointer to each of the members above: what is the same for all kinds is written once.
  template <typename Visit>
  static void for_each_member(Visit visit) {
    visit(&ResourceSet::gateway_classes);
    visit(&ResourceSet::gateways);
    visit(&ResourceSet::listener_sets);
    visit(&ResourceSet::http_routes);
    visit(&ResourceSet::grpc_routes);
    visit(&ResourceSet::tls_routes);
    visit(&ResourceSet::l4_routes);
    visit(&ResourceSet::reference_grants);
    visit(&ResourceSet::backend_tls_policies);
    visit(&ResourceSet::backend_policies);
    visit(&ResourceSet::upstream_policies);
    visit(&ResourceSet::client_policies);
    visit(&ResourceSet::gateway_class_configs);
    visit(&ResourceSet::services);
    visit(&ResourceSet::endpoint_slices);
    visit(&ResourceSet::secrets);
    visit(&ResourceSet::config_maps);
    visit(&ResourceSet::namespaces);
  }

  /// Sorts every list.
  void sort();
  bool operator==(const ResourceSet&) const = default;
};

}  // namespace gw::api
