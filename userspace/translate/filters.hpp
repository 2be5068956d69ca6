// SPDX-License-Identifier: Apache-2.0
// Private to translate/: backends and filters of HTTP and gRPC rules.
#pragma once

#include "userspace/translate/backend_ref.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/policy.hpp"

#include <vector>

namespace gw::translate {

/// What the rules of one route are built with; what is wrong with references goes to the route.
struct RuleContext {
  const Graph& graph;
  RouteNode& route;
  RuleName rule;
  const Entrance* entrance = nullptr;  ///< where the traffic comes in; null for a route that nothing binds
};

/// A backend that the proxy speaks with: protocol by the port's appProtocol, TLS by the policies of the Service.
ir::ProxyBackend build_backend(const RuleContext& context, const api::BackendRef& ref);
ir::HttpFilters build_filters(const RuleContext& context, const std::vector<api::RouteFilter>& filters);

}  // namespace gw::translate
