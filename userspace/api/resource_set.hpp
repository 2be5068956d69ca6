// SPDX-License-Identifier: Apache-2.0
// One immutable snapshot of all objects, of both API generations, as the provider delivers it.
#pragma once

#include "userspace/api/core.hpp"
#include "userspace/api/gateway.hpp"
#include "userspace/api/l4_route.hpp"

#include <vector>

namespace gw::api {

/// Objects are unique by group, kind, namespace and name. Each vector is sorted by namespace and name.
struct ResourceSet {
  std::vector<GatewayClass> gateway_classes;
  std::vector<Gateway> gateways;
  std::vector<L4Route> l4_routes;  ///< TCPRoutes and UDPRoutes
  std::vector<ReferenceGrant> reference_grants;
  std::vector<Service> services;
  std::vector<EndpointSlice> endpoint_slices;
  std::vector<Namespace> namespaces;

  /// Sorts every vector by (namespace, name, group).
  void sort();
  bool operator==(const ResourceSet&) const = default;
};

}  // namespace gw::api
