// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/discover.hpp"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rtnl.h>

#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "userspace/base/fd.hpp"
#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

/// Told only of an end that is elsewhere.
bool has_far_end(rtnl_link* link) {
  std::int32_t namespace_id = 0;
  const char* const kind = rtnl_link_get_type(link);
  return kind != nullptr && std::string_view(kind) == "veth" && rtnl_link_get_link_netnsid(link, &namespace_id) == 0;
}

bool has_queue(rtnl_link* link) {
  const char* const discipline = rtnl_link_get_qdisc(link);
  return discipline == nullptr || std::string_view(discipline) != "noqueue";
}

Link to_link(rtnl_link* link) {
  const unsigned flags = rtnl_link_get_flags(link);
  const char* kind = rtnl_link_get_type(link);
  const bool is_vlan = rtnl_link_is_vlan(link) != 0;
  return {.ifindex = static_cast<std::uint32_t>(rtnl_link_get_ifindex(link)),
          .name = rtnl_link_get_name(link),
          .kind = kind == nullptr ? "" : kind,
          .mtu = rtnl_link_get_mtu(link),
          .up = (flags & IFF_UP) != 0,
          .loopback = (flags & IFF_LOOPBACK) != 0,
          .ethernet = rtnl_link_get_arptype(link) == ARPHRD_ETHER,
          .master = static_cast<std::uint32_t>(rtnl_link_get_master(link)),
          .parent = is_vlan ? static_cast<std::uint32_t>(rtnl_link_get_link(link)) : 0,
          .vlan_id = static_cast<std::uint16_t>(is_vlan ? rtnl_link_vlan_get_id(link) : 0),
          .vlan_protocol =
              is_vlan ? ntohs(static_cast<std::uint16_t>(rtnl_link_vlan_get_protocol(link))) : std::uint16_t{0},
          .has_far_end = has_far_end(link),
          .has_queue = has_queue(link)};
}

/// ETHTOOL_GFLAGS; a driver that does not tell takes no tags out.
bool has_rx_vlan_offload(const std::string& link) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{.cmd = ETHTOOL_GFLAGS, .data = 0};
  ifreq request{};
  link.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  return socket.is_open() && ::ioctl(socket.get(), SIOCETHTOOL, &request) == 0 && (value.data & ETH_FLAG_RXVLAN) != 0;
}

/// Asked only of links that have VLANs.
void find_hidden_tags(Topology& topology) {
  for (Link& link : topology.links) {
    const bool has_vlans = std::ranges::any_of(
        topology.links, [&link](const Link& other) { return other.kind == "vlan" && other.parent == link.ifindex; });
    link.hides_tags = has_vlans && link.kind != "vlan" && has_rx_vlan_offload(link.name);
  }
}

std::optional<InterfaceAddress> to_address(rtnl_addr* address) {
  nl_addr* const local = rtnl_addr_get_local(address);
  const auto ip = to_ip(local);
  if (!ip) return std::nullopt;
  const unsigned unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;
  return InterfaceAddress{.ifindex = static_cast<std::uint32_t>(rtnl_addr_get_ifindex(address)),
                          .address = *ip,
                          .prefix_length = static_cast<std::uint8_t>(rtnl_addr_get_prefixlen(address)),
                          .global_scope = rtnl_addr_get_scope(address) == RT_SCOPE_UNIVERSE,
                          .usable = (rtnl_addr_get_flags(address) & unusable) == 0};
}

/// The default route's destination has no address bytes: the family says which it is.
std::optional<IpPrefix> destination_of(rtnl_route* route) {
  nl_addr* const destination = rtnl_route_get_dst(route);
  if (destination == nullptr) return std::nullopt;
  const auto length = static_cast<std::uint8_t>(nl_addr_get_prefixlen(destination));
  if (const auto ip = to_ip(destination)) return IpPrefix{*ip, length};
  if (nl_addr_get_len(destination) != 0) return std::nullopt;
  return IpPrefix{rtnl_route_get_family(route) == AF_INET ? IpAddress::from_v4({}) : IpAddress(), 0};
}

std::optional<Route> to_route(rtnl_route* route) {
  if (rtnl_route_get_type(route) != RTN_UNICAST) return std::nullopt;
  const auto destination = destination_of(route);
  rtnl_nexthop* const hop = rtnl_route_nexthop_n(route, 0);
  if (!destination || hop == nullptr) return std::nullopt;
  return Route{.destination = *destination,
               .ifindex = static_cast<std::uint32_t>(rtnl_route_nh_get_ifindex(hop)),
               .metric = rtnl_route_get_priority(route),
               .table = rtnl_route_get_table(route),
               .gateway = to_ip(rtnl_route_nh_get_gateway(hop)),
               .preferred_source = to_ip(rtnl_route_get_pref_src(route))};
}

/// True if packets to one destination may take different ways: several next hops (one that is not told may be a group
/// of them), or a prefix of the source (IPv6).
bool depends_on_flow(rtnl_route* route) {
  if (rtnl_route_get_type(route) != RTN_UNICAST) return false;
  nl_addr* const source = rtnl_route_get_src(route);
  return rtnl_route_get_nnexthops(route) != 1 || (source != nullptr && nl_addr_get_prefixlen(source) != 0);
}

Result<> read_links(nl_sock* socket, Topology& topology) {
  nl_cache* raw = nullptr;
  if (const int error = rtnl_link_alloc_cache(socket, AF_UNSPEC, &raw); error < 0) {
    return fail_netlink(error, "read the links");
  }
  for_each<rtnl_link>(Cache(raw), [&](rtnl_link* link) { topology.links.push_back(to_link(link)); });
  find_hidden_tags(topology);
  return {};
}

Result<> read_addresses(nl_sock* socket, Topology& topology) {
  nl_cache* raw = nullptr;
  if (const int error = rtnl_addr_alloc_cache(socket, &raw); error < 0)
    return fail_netlink(error, "read the addresses");
  for_each<rtnl_addr>(Cache(raw), [&](rtnl_addr* address) {
    if (const auto known = to_address(address)) topology.addresses.push_back(*known);
  });
  return {};
}

Result<> read_routes(nl_sock* socket, Topology& topology) {
  nl_cache* raw = nullptr;
  if (const int error = rtnl_route_alloc_cache(socket, AF_UNSPEC, 0, &raw); error < 0) {
    return fail_netlink(error, "read the routes");
  }
  for_each<rtnl_route>(Cache(raw), [&](rtnl_route* route) {
    if (depends_on_flow(route)) topology.routed_by_destination = false;
    if (const auto known = to_route(route)) topology.routes.push_back(*known);
  });
  return {};
}

/// A rule's attributes; libnl's own rtnl_rule leaves out half of them.
class RuleAttributes {
 public:
  static std::optional<RuleAttributes> of(nlmsghdr* header) {
    RuleAttributes parsed;
    if (header->nlmsg_type != RTM_NEWRULE) return std::nullopt;
    if (nlmsg_parse(header, sizeof(fib_rule_hdr), parsed.attributes_.data(), FRA_MAX, nullptr) < 0) return std::nullopt;
    return parsed;
  }
  [[nodiscard]] bool has(int type) const { return attributes_[static_cast<std::size_t>(type)] != nullptr; }
  [[nodiscard]] std::uint32_t number(int type, std::uint32_t otherwise) const {
    return has(type) ? nla_get_u32(attributes_[static_cast<std::size_t>(type)]) : otherwise;
  }
  [[nodiscard]] IpAddress address(int type, int family) const {
    const IpAddress any = family == AF_INET ? IpAddress::from_v4({}) : IpAddress();
    if (!has(type)) return any;
    nl_addr* const parsed = nl_addr_alloc_attr(attributes_[static_cast<std::size_t>(type)], family);
    const IpAddress address = to_ip(parsed).value_or(any);
    nl_addr_put(parsed);
    return address;
  }

 private:
  RuleAttributes() = default;
  std::array<nlattr*, FRA_MAX + 1> attributes_{};
};

/// Selectors that no unmarked packet of ours meets. A mark of 0 is every packet's.
bool asks_for_others(const fib_rule_hdr& rule, const RuleAttributes& attributes) {
  const bool has_selector =
      std::ranges::any_of(std::array{FRA_IIFNAME, FRA_OIFNAME, FRA_TUN_ID, FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO,
                                     FRA_SPORT_RANGE, FRA_DPORT_RANGE},
                          [&attributes](int type) { return attributes.has(type); });
  return has_selector || rule.src_len != 0 || rule.tos != 0 || attributes.number(FRA_FWMARK, 0) != 0;
}

/// Selectors that packets to one destination may differ in. The others are the same for all that we look up.
bool depends_on_flow(const fib_rule_hdr& rule, const RuleAttributes& attributes) {
  return rule.src_len != 0 ||
         std::ranges::any_of(std::array{FRA_IIFNAME, FRA_L3MDEV, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE},
                             [&attributes](int type) { return attributes.has(type); });
}

std::optional<Rule> to_rule(const fib_rule_hdr& rule, const RuleAttributes& attributes) {
  if (rule.action == FR_ACT_GOTO || rule.action == FR_ACT_NOP) return std::nullopt;
  Rule made{.priority = attributes.number(FRA_PRIORITY, 0),
            .destination = {attributes.address(FRA_DST, rule.family), rule.dst_len},
            .asks_for_others = asks_for_others(rule, attributes),
            .inverted = (rule.flags & FIB_RULE_INVERT) != 0};
  if (rule.action == FR_ACT_TO_TBL) made.table = attributes.number(FRA_TABLE, rule.table);
  // The kernel sends ~0 for a rule that suppresses nothing.
  const std::uint32_t suppressed = attributes.number(FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
  if (suppressed != UINT32_MAX) made.shortest_prefix = suppressed + 1;
  return made;
}

int on_rule(nl_msg* message, void* state) {
  nlmsghdr* const header = nlmsg_hdr(message);
  const auto attributes = RuleAttributes::of(header);
  if (!attributes) return NL_OK;
  auto& topology = *static_cast<Topology*>(state);
  const auto& rule = *static_cast<const fib_rule_hdr*>(nlmsg_data(header));
  if (depends_on_flow(rule, *attributes)) topology.routed_by_destination = false;
  if (const auto known = to_rule(rule, *attributes)) topology.rules.push_back(*known);
  return NL_OK;
}

Result<> read_rules(nl_sock* socket, Topology& topology) {
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_rule, &topology);
  for (const int family : {AF_INET, AF_INET6}) {
    int error = nl_rtgen_request(socket, RTM_GETRULE, family, NLM_F_DUMP);
    if (error >= 0) error = nl_recvmsgs_default(socket);
    // A kernel without policy routing, or without IPv6.
    if (error < 0 && error != -NLE_OPNOTSUPP && error != -NLE_AF_NOSUPPORT) {
      return fail_netlink(error, "read the rules");
    }
  }
  std::ranges::stable_sort(topology.rules, {}, &Rule::priority);
  return {};
}

}  // namespace

Result<Topology> discover(const std::string& node_name) {
  const auto socket = connect_rtnetlink();
  if (!socket) return fail(socket.error());
  Topology topology;
  topology.node_name = node_name;
  topology.routed_by_destination = true;
  for (const auto& read : {read_links, read_addresses, read_routes, read_rules}) {
    if (auto done = read(socket->get(), topology); !done) return fail(done.error());
  }
  return topology;
}

}  // namespace gw::net
