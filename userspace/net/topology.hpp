// SPDX-License-Identifier: Apache-2.0
// The node's links, addresses and routes as one immutable value, read from netlink.
#pragma once

#include "userspace/base/ip.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::net {

struct Link {
  std::uint32_t ifindex = 0;
  std::string name;
  std::string kind;       ///< rtnetlink's IFLA_INFO_KIND ("veth", "bridge", ...); empty for hardware
  std::uint32_t mtu = 0;  ///< longest IP packet, bytes
  bool up = false;
  bool loopback = false;
  bool ethernet = false;     ///< ARPHRD_ETHER: has the header our programs parse
  std::uint32_t master = 0;  ///< ifindex of the bridge or bond it belongs to, or 0
  std::uint32_t parent = 0;  ///< of a VLAN's device: ifindex of the link it is on
  std::uint16_t vlan_id = 0;
  std::uint16_t vlan_protocol = 0;  ///< EtherType of its tag
  bool has_far_end = false;         ///< a veth whose other end is in another network namespace
  bool has_queue = false;           ///< a queueing discipline that may hold packets back, or drop them
  bool hides_tags = false;          ///< has VLANs, and takes their tags out of frames before XDP (rx-vlan-offload)

  bool operator==(const Link&) const = default;
};

/// An address assigned to a link, with the on-link prefix.
struct InterfaceAddress {
  std::uint32_t ifindex = 0;
  IpAddress address;
  std::uint8_t prefix_length = 0;
  bool global_scope = false;  ///< RT_SCOPE_UNIVERSE
  bool usable = true;         ///< not tentative, deprecated or failed in duplicate address detection

  bool operator==(const InterfaceAddress&) const = default;
};

/// The table that rules lead to where nobody has set up any (RT_TABLE_MAIN).
inline constexpr std::uint32_t kMainTable = 254;

/// A unicast route.
struct Route {
  IpPrefix destination;
  std::uint32_t ifindex = 0;
  std::uint32_t metric = 0;
  std::uint32_t table = kMainTable;
  std::optional<IpAddress> gateway;
  std::optional<IpAddress> preferred_source;

  bool operator==(const Route&) const = default;
};

/// A rule of policy routing (ip-rule(8)), as far as it matters to packets of our own: unmarked, their source still
/// open.
struct Rule {
  std::uint32_t priority = 0;
  IpPrefix destination{};             ///< its family is the rule's
  bool asks_for_others = false;       ///< it has selectors that no such packet meets
  bool inverted = false;              ///< it is for what does not match
  std::uint32_t table = 0;            ///< 0: the search ends without a route
  std::uint32_t shortest_prefix = 0;  ///< routes of shorter prefixes do not count

  bool operator==(const Rule&) const = default;
};

struct Topology {
  std::string node_name;  ///< this node's name, compared with an endpoint's nodeName
  std::vector<Link> links;
  std::vector<InterfaceAddress> addresses;
  std::vector<Route> routes;
  std::vector<Rule> rules;  ///< by priority; none: the main table is all there is
  /// No route has several next hops, and neither routes nor rules ask for more of a packet than its destination.
  bool routed_by_destination = false;

  /// Addresses that Gateways without addresses of their own listen on: global scope, usable, on a
  /// link that is up and not the loopback. Sorted, unique.
  [[nodiscard]] std::vector<IpAddress> node_addresses() const;
  /// 0 for a link that is not known.
  [[nodiscard]] std::uint32_t mtu_of(std::uint32_t ifindex) const;
  /// Null for a link that is not known.
  [[nodiscard]] const Link* link(std::uint32_t ifindex) const;
  /// A VLAN's device and what it is on, outermost tag first: {eth0.100 on eth0} for one tag. Empty for other links, and
  /// if what it is on is unknown (it may be in another network namespace).
  [[nodiscard]] std::vector<Link> vlans_of(std::uint32_t ifindex) const;

  bool operator==(const Topology&) const = default;
};

}  // namespace gw::net
