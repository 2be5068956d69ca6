// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/discover.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

/// Calls `visit` with each object of a cache.
template <typename Object, typename Visit>
void for_each(const Cache& cache, Visit visit) {
  for (nl_object* object = nl_cache_get_first(cache.get()); object != nullptr; object = nl_cache_get_next(object)) {
    visit(reinterpret_cast<Object*>(object));
  }
}

Link to_link(rtnl_link* link) {
  const unsigned flags = rtnl_link_get_flags(link);
  const char* kind = rtnl_link_get_type(link);
  return {.ifindex = static_cast<std::uint32_t>(rtnl_link_get_ifindex(link)),
          .name = rtnl_link_get_name(link),
          .kind = kind == nullptr ? "" : kind,
          .mtu = rtnl_link_get_mtu(link),
          .up = (flags & IFF_UP) != 0,
          .loopback = (flags & IFF_LOOPBACK) != 0,
          .ethernet = rtnl_link_get_arptype(link) == ARPHRD_ETHER,
          .master = static_cast<std::uint32_t>(rtnl_link_get_master(link))};
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
  if (rtnl_route_get_table(route) != RT_TABLE_MAIN || rtnl_route_get_type(route) != RTN_UNICAST) return std::nullopt;
  const auto destination = destination_of(route);
  rtnl_nexthop* const hop = rtnl_route_nexthop_n(route, 0);
  if (!destination || hop == nullptr) return std::nullopt;
  return Route{.destination = *destination,
               .ifindex = static_cast<std::uint32_t>(rtnl_route_nh_get_ifindex(hop)),
               .metric = rtnl_route_get_priority(route),
               .gateway = to_ip(rtnl_route_nh_get_gateway(hop)),
               .preferred_source = to_ip(rtnl_route_get_pref_src(route))};
}

Result<> read_links(nl_sock* socket, Topology& topology) {
  nl_cache* raw = nullptr;
  if (const int error = rtnl_link_alloc_cache(socket, AF_UNSPEC, &raw); error < 0) {
    return fail_netlink(error, "read the links");
  }
  for_each<rtnl_link>(Cache(raw), [&](rtnl_link* link) { topology.links.push_back(to_link(link)); });
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
    if (const auto known = to_route(route)) topology.routes.push_back(*known);
  });
  return {};
}

}  // namespace

Result<Topology> discover(const std::string& node_name) {
  const Socket socket(nl_socket_alloc());
  if (!socket) return fail("allocate a netlink socket");
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    return fail_netlink(error, "open rtnetlink");
  Topology topology;
  topology.node_name = node_name;
  for (const auto& read : {read_links, read_addresses, read_routes}) {
    if (auto done = read(socket.get(), topology); !done) return fail(done.error());
  }
  return topology;
}

}  // namespace gw::net
