// SPDX-License-Identifier: Apache-2.0
// Private to translate/: TLS towards backends: BackendTLSPolicy for routes of today, BackendPolicy for those of 2021.
#pragma once

#include "userspace/translate/graph.hpp"

#include <string>

namespace gw::translate {

/// Key of ir::Config::backend_tls for traffic of the route to this port; empty: without TLS. Every policy of the port
/// learns of the Gateways that the route is on.
std::string tls_of(Graph& graph, const api::Service& service, const api::ServicePort& port, const RouteNode& route);

}  // namespace gw::translate
