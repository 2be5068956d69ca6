// SPDX-License-Identifier: Apache-2.0
// Why a route is not attached, and what to change: on the manifests alone. translate decides whether it is; this looks
// for all that stands in the way, where a status has room for the first thing.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <string>
#include <vector>

namespace gw::analyze {

/// One thing that keeps a route from a listener.
struct Obstacle {
  std::string where;                 ///< "Gateway demo1/web listener http"; or the Gateway that is missing
  std::string why;                   ///< a sentence without its full stop
  std::vector<std::string> changes;  ///< each would remove it: "set ... of ... (file:line:column)"
  bool operator==(const Obstacle&) const = default;
};

/// What keeps the route from `reference` (v1). Empty: nothing that this knows of.
std::vector<Obstacle> explain(const api::ResourceSet& resources, const api::Route& route,
                              const std::vector<std::string>& hostnames, const api::ParentReference& reference);

/// What keeps Gateways of 2021 from selecting the route, for each listener of its kind.
std::vector<Obstacle> explain_legacy(const api::ResourceSet& resources, const api::Route& route);

}  // namespace gw::analyze
