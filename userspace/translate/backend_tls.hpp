// SPDX-License-Identifier: Apache-2.0
// Private to translate/: TLS towards backends: BackendTLSPolicy for routes of today, BackendPolicy for those of 2021.
#pragma once

#include "userspace/translate/graph.hpp"

#include <map>
#include <string>

namespace gw::translate {

/// Key of ir::Config::backend_tls for traffic of the route to this port; empty: without TLS. The route notes every
/// policy of the port.
std::string tls_of(const Graph& graph, const api::Service& service, const api::ServicePort& port, RouteNode& route);

/// The Gateways that forward to a policy's targets, and whether it holds there.
using BackendTlsAncestors = std::map<const GatewayNode*, Verdict>;
using BackendTlsUse = std::map<const BackendTlsNode*, BackendTlsAncestors>;

/// Every policy of the route's Services learns of the Gateways that the route is on.
void note_ancestors(const RouteNode& route, BackendTlsUse& use);

}  // namespace gw::translate
