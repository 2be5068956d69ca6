// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/links.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>

namespace gw::agent {
namespace {

net::Link link(std::uint32_t ifindex, const char* name) {
  net::Link made;
  made.ifindex = ifindex;
  made.name = name;
  made.mtu = 1500;
  return made;
}

net::Link vlan(std::uint32_t ifindex, std::uint32_t parent, std::uint16_t protocol, std::uint16_t id) {
  net::Link made = link(ifindex, "vlan");
  made.kind = "vlan";
  made.parent = parent;
  made.vlan_protocol = protocol;
  made.vlan_id = id;
  return made;
}

datapath::AttachResult attached(std::uint32_t ifindex, bool xdp) {
  datapath::AttachResult result;
  result.ifindex = ifindex;
  result.tc = true;
  result.xdp = xdp;
  return result;
}

gw_vlan_tag tag(std::uint16_t protocol, std::uint16_t id) { return {htons(protocol), htons(id)}; }

/// eth0 (2) with XDP; on it VLAN 100 (3), and 5.100 (5) in two tags with 5 (4) between; 7 lies one deeper.
net::Topology stacked() {
  net::Topology topology;
  topology.links = {link(2, "eth0"), vlan(3, 2, ETH_P_8021Q, 100), vlan(4, 2, ETH_P_8021AD, 5),
                    vlan(5, 4, ETH_P_8021Q, 100), vlan(7, 5, ETH_P_8021Q, 1)};
  return topology;
}

TEST(LinkMaps, VlansOnALinkWithXdpAreServedByIt) {
  const auto maps = link_maps(stacked(), {attached(2, true), attached(3, false), attached(5, false)}, {});
  EXPECT_EQ(maps.links.at(2).flags, std::uint32_t{GW_LINK_XDP});
  const gw_link one{GW_LINK_VLAN, 1500, 2, {tag(ETH_P_8021Q, 100), {}}};
  const gw_link two{GW_LINK_VLAN, 1500, 2, {tag(ETH_P_8021AD, 5), tag(ETH_P_8021Q, 100)}};
  EXPECT_TRUE(gw::maps::bytes_equal(maps.links.at(3), one));
  EXPECT_TRUE(gw::maps::bytes_equal(maps.links.at(5), two));
  EXPECT_EQ(maps.vlans.at({2, {tag(ETH_P_8021Q, 100), {}}}), 3U);
  EXPECT_EQ(maps.vlans.at({2, {tag(ETH_P_8021AD, 5), tag(ETH_P_8021Q, 100)}}), 5U);
  EXPECT_EQ(maps.vlans.at({2, {tag(ETH_P_8021Q, 0), {}}}), 2U) << "a tag that only gives a priority";
  EXPECT_EQ(maps.vlans.size(), 3U) << "nobody attached to 4";
}

TEST(LinkMaps, WhatIsHandedToTheOtherEndIsSaidApartFromXdp) {
  const auto maps = link_maps(stacked(), {attached(2, true), attached(3, false)}, {2, 3});
  EXPECT_EQ(maps.links.at(2).flags, std::uint32_t{GW_LINK_XDP | GW_LINK_PEER});
  const auto without_xdp = link_maps(stacked(), {attached(2, false), attached(3, false)}, {2});
  EXPECT_EQ(without_xdp.links.at(2).flags, std::uint32_t{GW_LINK_PEER});
  EXPECT_EQ(without_xdp.links.at(3).flags, 0U);
}

TEST(LinkMaps, VlansElsewhereAndDeeperOnesAreLeftToTc) {
  const auto without_xdp = link_maps(stacked(), {attached(2, false), attached(3, false)}, {});
  EXPECT_EQ(without_xdp.links.at(3).flags, 0U);
  EXPECT_TRUE(without_xdp.vlans.empty());
  const auto deep = link_maps(stacked(), {attached(2, true), attached(7, false)}, {});
  EXPECT_EQ(deep.links.at(7).flags, 0U);
  net::Topology foreign = stacked();
  foreign.links.erase(foreign.links.begin());  // the parent is in another network namespace
  EXPECT_EQ(link_maps(foreign, {attached(3, false)}, {}).links.at(3).flags, 0U);
}

}  // namespace
}  // namespace gw::agent
