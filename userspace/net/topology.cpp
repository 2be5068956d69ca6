// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/topology.hpp"

#include <algorithm>

namespace gw::net {
std::vector<IpAddress> Topology::node_addresses() const {
  std::vector<IpAddress> found;
  for (const auto& assigned : addresses) {
    const auto link = std::ranges::find(links, assigned.ifindex, &Link::ifindex);
    if (link == links.end() || !link->up || link->loopback) continue;
    if (assigned.global_scope && assigned.usable) found.push_back(assigned.address);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

std::uint32_t Topology::mtu_of(std::uint32_t ifindex) const {
  const auto link = std::ranges::find(links, ifindex, &Link::ifindex);
  return link == links.end() ? 0 : link->mtu;
}

}  // namespace gw::net
