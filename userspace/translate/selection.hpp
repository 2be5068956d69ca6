// SPDX-License-Identifier: Apache-2.0
// Who lets whom in: the clauses of listeners and routes about each other, on values alone.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::translate {

/// The word of the API: "All", "Selector", "Same", "None".
const char* from_word(api::NamespacesFrom from);

/// Whether a clause of an object in `own_ns` lets in objects of `other_ns`. With files a namespace needs no object: it
/// then has the label that every namespace has.
bool allows_namespace(const api::RouteNamespaces& clause, const std::string& own_ns, const std::string& other_ns,
                      const api::Objects<api::Namespace>& namespaces);

/// The protocols whose listeners bind routes of the kind, for people: "TCP", "HTTP or HTTPS".
const char* protocols_for(const std::string& kind);
/// Whether a v1 listener with that protocol binds routes of the kind.
bool takes_kind(const std::string& protocol, const std::string& kind);

/// "sectionName" and "port" narrow the choice of listeners; both must match where both are given.
bool is_addressed(const api::Listener& listener, const api::ParentReference& reference);

/// What the reference asks for and no listener has, behind "no listener of it": "is named "x" and has port 80 (it has:
/// web (HTTP:80))".
std::string describe_unaddressed(const api::ParentReference& reference, const std::vector<api::Listener>& listeners);

/// Why a listener and a route of 2021 do not select each other ("A binding will only take place if both resources
/// select each other").
enum class LegacyObstacle : std::uint8_t {
  Kind,       ///< routes.kind of the listener
  Labels,     ///< routes.selector of the listener
  Namespace,  ///< routes.namespaces of the listener
  Gateways,   ///< gateways.allow of the route
};

/// In the order of the enumerators; empty: they do. Both are of networking.x-k8s.io.
std::vector<LegacyObstacle> legacy_obstacles(const api::Gateway& gateway, const api::Listener& listener,
                                             const api::Route& route, const api::Objects<api::Namespace>& namespaces);

}  // namespace gw::translate
