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

const Link* Topology::link(std::uint32_t ifindex) const {
  const auto found = std::ranges::find(links, ifindex, &Link::ifindex);
  return found == links.end() ? nullptr : &*found;
}

std::uint32_t Topology::mtu_of(std::uint32_t ifindex) const {
  const Link* const found = link(ifindex);
  return found == nullptr ? 0 : found->mtu;
}

std::vector<Link> Topology::vlans_of(std::uint32_t ifindex) const {
  std::vector<Link> vlans;
  const Link* device = link(ifindex);
  while (device != nullptr && device->kind == "vlan") {
    vlans.insert(vlans.begin(), *device);
    device = link(device->parent);
  }
  return device == nullptr ? std::vector<Link>{} : vlans;
}

}  // namespace gw::net
