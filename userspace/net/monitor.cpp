// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/monitor.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/rtnl.h>

#include <utility>

#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

/// Room for a burst of events, such as a routing daemon's full table.
constexpr int kReceiveBuffer = 4 << 20;

std::string to_string(nl_addr* address) {
  if (address == nullptr) return {};
  return {static_cast<const char*>(nl_addr_get_binary_addr(address)), nl_addr_get_len(address)};
}

}  // namespace

struct Monitor::State {
  Socket socket;
  Changes changes;
  /// ifindex and IP -> MAC address. The kernel reports every change of a neighbour's state; only one of its MAC
  /// address matters to cached next hops.
  std::map<std::pair<int, std::string>, std::string> neighbours;

  void note_neighbour(nlmsghdr* header) {
    rtnl_neigh* neighbour = nullptr;
    if (rtnl_neigh_parse(header, &neighbour) < 0) return;
    const std::unique_ptr<rtnl_neigh, decltype(&rtnl_neigh_put)> owner(neighbour, rtnl_neigh_put);
    if (rtnl_neigh_get_family(neighbour) == AF_BRIDGE) return;  // where a bridge has seen a MAC address
    const auto key = std::pair(rtnl_neigh_get_ifindex(neighbour), to_string(rtnl_neigh_get_dst(neighbour)));
    const bool valid = header->nlmsg_type == RTM_NEWNEIGH && (rtnl_neigh_get_state(neighbour) & kValidStates) != 0;
    const std::string mac = valid ? to_string(rtnl_neigh_get_lladdr(neighbour)) : std::string();
    std::string& known = neighbours[key];
    if (known != mac) changes.neighbours = true;
    known = mac;
    if (mac.empty()) neighbours.erase(key);
  }

  void note(nlmsghdr* header) {
    switch (header->nlmsg_type) {
      case RTM_NEWNEIGH:
      case RTM_DELNEIGH: note_neighbour(header); break;
      default: changes.topology = true; break;
    }
  }

  /// Without them the loss of a MAC address that was there before us would be no news. The answers arrive like events.
  Result<> ask_for_neighbours() {
    const int error = nl_rtgen_request(socket.get(), RTM_GETNEIGH, AF_UNSPEC, NLM_F_DUMP);
    if (error < 0) return fail_netlink(error, "read the neighbours");
    return {};
  }

  static int on_message(nl_msg* message, void* state) {
    static_cast<State*>(state)->note(nlmsg_hdr(message));
    return NL_OK;
  }

  static constexpr int kValidStates = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
};

Monitor::Monitor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::~Monitor() = default;

Result<Monitor> Monitor::open() {
  auto state = std::make_unique<State>();
  state->socket.reset(nl_socket_alloc());
  nl_sock* const socket = state->socket.get();
  if (socket == nullptr) return fail("allocate a netlink socket");
  nl_socket_disable_seq_check(socket);
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, State::on_message, state.get());
  if (const int error = nl_connect(socket, NETLINK_ROUTE); error < 0) return fail_netlink(error, "open rtnetlink");
  const int error = nl_socket_add_memberships(socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                              RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
                                              RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP, RTNLGRP_NEIGH, RTNLGRP_TC, 0);
  if (error < 0) return fail_netlink(error, "subscribe to rtnetlink");
  nl_socket_set_nonblocking(socket);
  nl_socket_set_buffer_size(socket, kReceiveBuffer, 0);
  if (auto asked = state->ask_for_neighbours(); !asked) return fail(asked.error());
  return Monitor(std::move(state));
}

int Monitor::fd() const { return nl_socket_get_fd(state_->socket.get()); }

Result<Monitor::Changes> Monitor::drain() {
  state_->changes = {};
  for (;;) {
    const int error = nl_recvmsgs_default(state_->socket.get());
    if (error == -NLE_AGAIN) return state_->changes;
    if (error == -NLE_NOMEM || error == -NLE_DUMP_INTR) {  // the kernel dropped messages: assume the worst
      state_->neighbours.clear();
      if (auto asked = state_->ask_for_neighbours(); !asked) return fail(asked.error());
      return Changes{.topology = true, .neighbours = true};
    }
    if (error < 0) return fail_netlink(error, "read rtnetlink events");
  }
}

}  // namespace gw::net
