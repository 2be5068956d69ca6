// SPDX-License-Identifier: Apache-2.0
// Private to translate/: which rules of TCP, UDP and TLS routes are live, and the keys of their services.
#pragma once

#include "userspace/translate/graph.hpp"

#include <cstddef>
#include <string>

namespace gw::translate {

/// Only one rule can ever be live: v1 has exactly one, and v1alpha1's others need match extensions. Null: none.
const api::L4RouteRule* live_rule(const api::L4Route& route);
/// How many services the route makes: the live rule's; of a TLSRoute one for each rule that counts, from the first.
std::size_t live_rules(const api::L4Route& route);
std::size_t live_rules(const api::TlsRoute& route);

/// Key of ir::Config::services: a rule of the route, as the listener forwards to it.
std::string service_of(const Graph& graph, const RouteNode& route, std::size_t rule, const ListenerNode& listener);

/// "<listener>", or of a ListenerSet "<namespace>/<set>/<listener>": unique on the Gateway.
std::string listener_name(const ListenerNode& node);

}  // namespace gw::translate
