// SPDX-License-Identifier: Apache-2.0
// How gw_names spells the things that have ids. One place for both directions.
#pragma once

#include <string>
#include <string_view>

namespace gw::plan {

/// "<namespace>/<gateway>/<listener>"; Gateways of another group than gateway.networking.k8s.io carry it in front:
/// "networking.x-k8s.io:<namespace>/<gateway>/<listener>". Unique on a node.
std::string listener_name(std::string_view gateway_group, std::string_view qualified_name);

}  // namespace gw::plan
