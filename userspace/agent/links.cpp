// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/links.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <algorithm>

#include "userspace/net/egress.hpp"

namespace gw::agent {
namespace {

bool has_xdp(const std::vector<datapath::AttachResult>& attached, std::uint32_t ifindex) {
  return std::ranges::any_of(attached,
                             [ifindex](const auto& result) { return result.ifindex == ifindex && result.xdp; });
}

gw_vlan_tag tag_of(const net::Link& vlan) { return {htons(vlan.vlan_protocol), htons(vlan.vlan_id)}; }

/// A tag without a number only gives a priority: the frame is the link's own.
gw_vlan_key priority_tagged(std::uint32_t ifindex) { return {ifindex, {{htons(ETH_P_8021Q), 0}, {}}}; }

void add_vlan(const std::vector<net::Link>& vlans, std::uint32_t ifindex, datapath::LinkMaps& maps) {
  gw_link& link = maps.links[ifindex];
  link.flags |= GW_LINK_VLAN;
  link.parent = vlans.front().parent;
  std::ranges::transform(vlans, link.tags, tag_of);
  maps.vlans[{link.parent, {link.tags[0], link.tags[1]}}] = ifindex;
}

}  // namespace

std::set<std::uint32_t> peer_links(const net::Topology& topology, const datapath::Attacher& attacher,
                                   const std::vector<datapath::AttachResult>& attached) {
  std::set<std::uint32_t> peers;
  for (const auto& result : attached) {
    const net::Link* const link = topology.link(result.ifindex);
    if (link == nullptr || !link->has_far_end || link->has_queue) continue;
    if (!attacher.has_others_at_egress(result.ifindex)) peers.insert(result.ifindex);
  }
  const auto filtered = net::links_with_egress_filters(peers);
  if (!filtered) return {};
  std::erase_if(peers, [&filtered](std::uint32_t ifindex) { return filtered->contains(ifindex); });
  return peers;
}

datapath::LinkMaps link_maps(const net::Topology& topology, const std::vector<datapath::AttachResult>& attached,
                             const std::set<std::uint32_t>& peers) {
  datapath::LinkMaps maps;
  for (const auto& result : attached) {
    gw_link& link = maps.links[result.ifindex];
    link.mtu = topology.mtu_of(result.ifindex);
    if (peers.contains(result.ifindex)) link.flags |= GW_LINK_PEER;
    if (result.xdp) {
      link.flags |= GW_LINK_XDP;
      maps.vlans[priority_tagged(result.ifindex)] = result.ifindex;
      continue;
    }
    const auto vlans = topology.vlans_of(result.ifindex);
    if (vlans.empty() || vlans.size() > GW_VLAN_TAGS || !result.tc) continue;
    if (has_xdp(attached, vlans.front().parent)) add_vlan(vlans, result.ifindex, maps);
  }
  return maps;
}

}  // namespace gw::agent
