// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/sockets.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

constexpr std::uint32_t kAllStates = ~0U;
constexpr std::array<std::uint8_t, 2> kProtocols{IPPROTO_TCP, IPPROTO_UDP};
constexpr std::array<std::uint8_t, 2> kFamilies{AF_INET, AF_INET6};

IpAddress peer_of(const inet_diag_msg& found) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), found.id.idiag_dst, bytes.size());
  if (found.idiag_family == AF_INET6) return IpAddress::from_v6(bytes);
  return IpAddress::from_v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

ConnectedSocket to_socket(const inet_diag_msg& found, std::uint8_t protocol) {
  return {.cookie = static_cast<std::uint64_t>(found.id.idiag_cookie[1]) << 32 | found.id.idiag_cookie[0],
          .peer = peer_of(found),
          .port = ntohs(found.id.idiag_dport),
          .protocol = protocol};
}

int collect(nl_msg* message, void* found) {
  const nlmsghdr* const header = nlmsg_hdr(message);
  if (nlmsg_datalen(header) < static_cast<int>(sizeof(inet_diag_msg))) return NL_SKIP;
  inet_diag_msg socket{};
  std::memcpy(&socket, nlmsg_data(header), sizeof(socket));
  static_cast<std::vector<inet_diag_msg>*>(found)->push_back(socket);
  return NL_OK;
}

/// All sockets of a family and protocol.
Result<std::vector<inet_diag_msg>> list(nl_sock* diag, std::uint8_t family, std::uint8_t protocol) {
  std::vector<inet_diag_msg> found;
  nl_socket_modify_cb(diag, NL_CB_VALID, NL_CB_CUSTOM, collect, &found);
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = protocol;
  request.idiag_states = kAllStates;
  int error = nl_send_simple(diag, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
  if (error >= 0) error = nl_recvmsgs_default(diag);
  if (error < 0) return fail_netlink(error, "list the sockets");
  return found;
}

Result<> destroy(nl_sock* diag, const inet_diag_msg& found, std::uint8_t protocol) {
  inet_diag_req_v2 request{};
  request.sdiag_family = found.idiag_family;
  request.sdiag_protocol = protocol;
  request.id = found.id;
  int error = nl_send_simple(diag, SOCK_DESTROY, NLM_F_ACK, &request, sizeof(request));
  if (error >= 0) error = nl_wait_for_ack(diag);
  if (error < 0 && error != -NLE_OBJ_NOTFOUND) return fail_netlink(error, "end a connection of this host");
  return {};
}

Result<> destroy_those(nl_sock* diag, const std::set<ConnectedSocket>& sockets, std::uint8_t family,
                       std::uint8_t protocol) {
  const auto found = list(diag, family, protocol);
  if (!found) return fail(found.error());
  for (const inet_diag_msg& candidate : *found) {
    if (!sockets.contains(to_socket(candidate, protocol))) continue;
    if (auto destroyed = destroy(diag, candidate, protocol); !destroyed) return destroyed;
  }
  return {};
}

}  // namespace

Result<> destroy_sockets(const std::set<ConnectedSocket>& sockets) {
  if (sockets.empty()) return {};
  const Socket diag(nl_socket_alloc());
  if (!diag) return fail("allocate a netlink socket");
  if (const int error = nl_connect(diag.get(), NETLINK_SOCK_DIAG); error < 0) {
    return fail_netlink(error, "open sock_diag");
  }
  for (const std::uint8_t protocol : kProtocols) {
    if (std::ranges::none_of(sockets, [protocol](const auto& socket) { return socket.protocol == protocol; })) continue;
    for (const std::uint8_t family : kFamilies) {
      if (auto done = destroy_those(diag.get(), sockets, family, protocol); !done) return done;
    }
  }
  return {};
}

}  // namespace gw::net
