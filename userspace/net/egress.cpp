// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/egress.hpp"

#include <linux/pkt_sched.h>
#include <netlink/route/classifier.h>

#include "userspace/net/netlink.hpp"

namespace gw::net {
namespace {

constexpr std::uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

}  // namespace

Result<std::set<std::uint32_t>> links_with_egress_filters(const std::set<std::uint32_t>& links) {
  const auto socket = connect_rtnetlink();
  if (!socket) return fail(socket.error());
  std::set<std::uint32_t> found;
  for (const std::uint32_t ifindex : links) {
    nl_cache* raw = nullptr;
    const int error = rtnl_cls_alloc_cache(socket->get(), static_cast<int>(ifindex), kEgress, &raw);
    if (error < 0) return fail_netlink(error, "read the tc filters");
    if (nl_cache_nitems(Cache(raw).get()) > 0) found.insert(ifindex);
  }
  return found;
}

}  // namespace gw::net
