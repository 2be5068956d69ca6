// SPDX-License-Identifier: Apache-2.0
// The routes and neighbours of the network that tests/support/data_path.hpp describes.
#pragma once

#include "tests/differential/model/connection.hpp"

namespace gw::differential {

enum class Reachable : std::uint8_t { Yes, Unresolved, NoRoute, ForwardingOff };

struct Route {
  Reachable reachable = Reachable::NoRoute;
  LinkName link = LinkName::In;
  Mac source{};
  Mac target{};
  std::uint32_t mtu = 0;
};

/// Where the kernel would send a packet to `target`.
Route route_to(const IpAddress& target, const Config& config);

}  // namespace gw::differential
