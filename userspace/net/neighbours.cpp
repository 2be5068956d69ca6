// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/neighbours.hpp"

#include <linux/neighbour.h>
#include <netlink/route/neighbour.h>

#include <algorithm>
#include <optional>

#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

std::optional<NextHop> next_hop_of(rtnl_neigh* neighbour) {
  nl_addr* const mac = rtnl_neigh_get_lladdr(neighbour);
  NextHop hop{.ifindex = static_cast<std::uint32_t>(rtnl_neigh_get_ifindex(neighbour)), .mac = {}};
  if (mac == nullptr || nl_addr_get_len(mac) != hop.mac.size()) return std::nullopt;
  std::memcpy(hop.mac.data(), nl_addr_get_binary_addr(mac), hop.mac.size());
  return hop;
}

/// NTF_USE: as if a packet had been sent there. A neighbour that is gone meanwhile is asked for, which does no harm.
Result<> use(nl_sock* socket, rtnl_neigh* neighbour) {
  rtnl_neigh_set_flags(neighbour, NTF_USE);
  const int error = rtnl_neigh_add(socket, neighbour, NLM_F_REPLACE);
  if (error < 0) return fail_netlink(error, "have a neighbour confirmed");
  return {};
}

}  // namespace

Result<> confirm_neighbours(const std::set<NextHop>& used) {
  if (used.empty()) return {};
  auto socket = connect_rtnetlink();
  if (!socket) return fail(socket.error());
  nl_cache* raw = nullptr;
  if (const int error = rtnl_neigh_alloc_cache(socket->get(), &raw); error < 0) {
    return fail_netlink(error, "read the neighbours");
  }
  Result<> result;
  for_each<rtnl_neigh>(Cache(raw), [&](rtnl_neigh* neighbour) {
    const auto hop = next_hop_of(neighbour);
    if (!hop || rtnl_neigh_get_state(neighbour) != NUD_STALE || !used.contains(*hop)) return;
    if (auto asked = use(socket->get(), neighbour); !asked) result = asked;
  });
  return result;
}

}  // namespace gw::net
