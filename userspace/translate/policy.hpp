// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what the policies say about a listener and about a route's traffic.
//
// Policies of a Gateway are inherited by everything that is served through it, those of other objects are direct
// (GEP-713). Each setting is merged by itself: overrides of the Gateway, then of its listener; then what is nearest to
// the backend or the client; last the defaults of the listener, and of the Gateway.
#pragma once

#include "userspace/translate/graph.hpp"

#include <vector>

namespace gw::translate {

/// The listener that traffic comes in by.
struct Entrance {
  const api::Gateway& gateway;
  const api::Listener& listener;
  const api::ListenerSet* owner = nullptr;  ///< of the listener, if it is not the Gateway
};

Entrance entrance_of(const ListenerNode& node);

/// A port of a Service that a route forwards to. Both may be null: the reference does not resolve.
struct Destination {
  const api::Service* service = nullptr;
  const api::ServicePort* port = nullptr;
};

/// The policies that have a say, the one that counts first.
template <typename Policy>
using PolicyLayers = std::vector<const typename PolicyTargets<Policy>::value_type*>;

PolicyLayers<api::ClientPolicy> client_layers(const Graph& graph, const Entrance& entrance);
/// `entrance`: null where a route is looked at by itself.
PolicyLayers<api::UpstreamPolicy> upstream_layers(const Graph& graph, const Entrance* entrance, const RuleName& rule,
                                                  const Destination& destination);

/// Where a Gateway's own UpstreamPolicies make its services others than those of other Gateways: the whole Gateway, or
/// only one listener.
enum class OwnServices : std::uint8_t { None, OfGateway, OfListener };
OwnServices own_services(const Graph& graph, const Entrance& entrance);

/// How traffic of the route reaches this port of the Service.
ir::Upstream upstream_of(const PolicyLayers<api::UpstreamPolicy>& layers);
/// Settings of whole connections, once for each backend: the strictest of all holds.
void add_connection_settings(const PolicyLayers<api::UpstreamPolicy>& layers, ir::Service& service);
/// What its policies and the limits of its class say of the listener's new connections.
ir::Admission admission_of(const Graph& graph, const ListenerNode& listener);

/// "Gateway infra/web listener tcp"
std::string describe(const PolicyKey& key);

}  // namespace gw::translate
