// SPDX-License-Identifier: Apache-2.0
// One immutable snapshot of all objects, of both API generations, as the provider delivers it.
#pragma once

#include "userspace/api/backend_tls.hpp"
#include "userspace/api/core.hpp"
#include "userspace/api/gateway.hpp"
#include "userspace/api/grpc_route.hpp"
#include "userspace/api/http_route.hpp"
#include "userspace/api/l4_route.hpp"
#include "userspace/api/policy.hpp"
#include "userspace/api/tls_route.hpp"

#include <vector>

namespace gw::api {

/// Objects are unique by group, kind, namespace and name. Each vector is sorted by namespace and name.
struct ResourceSet {
  std::vector<GatewayClass> gateway_classes;
  std::vector<Gateway> gateways;
  std::vector<ListenerSet> listener_sets;
  std::vector<HttpRoute> http_routes;
  std::vector<GrpcRoute> grpc_routes;
  std::vector<TlsRoute> tls_routes;
  std::vector<L4Route> l4_routes;  ///< TCPRoutes and UDPRoutes
  std::vector<ReferenceGrant> reference_grants;
  std::vector<BackendTlsPolicy> backend_tls_policies;
  std::vector<BackendPolicy> backend_policies;  ///< of 2021
  std::vector<UpstreamPolicy> upstream_policies;
  std::vector<ClientPolicy> client_policies;
  std::vector<Service> services;
  std::vector<EndpointSlice> endpoint_slices;
  std::vector<Secret> secrets;
  std::vector<ConfigMap> config_maps;
  std::vector<Namespace> namespaces;

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
    visit(&ResourceSet::services);
    visit(&ResourceSet::endpoint_slices);
    visit(&ResourceSet::secrets);
    visit(&ResourceSet::config_maps);
    visit(&ResourceSet::namespaces);
  }

  /// Sorts every vector by (namespace, name, group, kind).
  void sort();
  bool operator==(const ResourceSet&) const = default;
};

}  // namespace gw::api
