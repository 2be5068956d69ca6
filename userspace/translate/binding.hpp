// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what both generations' binding needs.
#pragma once

#include "userspace/translate/graph.hpp"

#include <string>

namespace gw::translate {

/// Makes the owner's nodes; the owner must not move any more.
void add_listeners(ListenerOwner& owner, const std::vector<api::Listener>& listeners);

/// The hostnames that the listener and the route have in common; none: there is no such name. A kind without hostnames
/// gets the listener's.
std::vector<ir::Hostname> common_hostnames(const ListenerNode& listener, const RouteNode& route);

/// Puts the route on the listener, once.
void bind(const ListenerNode& listener, RouteNode& route, std::vector<ir::Hostname> hostnames);

}  // namespace gw::translate
