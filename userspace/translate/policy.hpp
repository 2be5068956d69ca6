// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what the policies say about a route's traffic.
#pragma once

#include "userspace/translate/graph.hpp"

namespace gw::translate {

/// How traffic of the route reaches this port of the Service. Each setting is that of the nearest policy that has it:
/// the Service's port, the Service, the route's rule, the route.
ir::Upstream upstream_of(const Graph& graph, const api::L4Route& route, const api::Service& service,
                         const api::ServicePort& port);

/// Settings of whole connections: the strictest of the backends' policies first, then what the route's own say instead.
void add_connection_settings(const Graph& graph, const api::Service& backend, const api::ServicePort& port,
                             ir::Service& service);
void add_connection_settings(const Graph& graph, const api::L4Route& route, ir::Service& service);

/// Each setting is that of the listener's policy, or else of the Gateway's.
ir::Admission admission_of(const Graph& graph, const api::Gateway& gateway, const api::Listener& listener);

}  // namespace gw::translate
