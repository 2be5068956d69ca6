// SPDX-License-Identifier: Apache-2.0
// Private to net/: owning handles and conversions for libnl.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/ip.hpp"

#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace gw::net {

struct SocketDeleter {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct CacheDeleter {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
using Socket = std::unique_ptr<nl_sock, SocketDeleter>;
using Cache = std::unique_ptr<nl_cache, CacheDeleter>;

/// libnl's own error numbers have no errno.
inline tl::unexpected<Error> fail_netlink(int error, const std::string& attempted) {
  return fail(attempted + ": " + nl_geterror(error));
}

inline Result<Socket> connect_rtnetlink() {
  Socket socket(nl_socket_alloc());
  if (!socket) return fail("allocate a netlink socket");
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    return fail_netlink(error, "open rtnetlink");
  return socket;
}

/// Calls `visit` with each object of a cache.
template <typename Object, typename Visit>
void for_each(const Cache& cache, Visit visit) {
  for (nl_object* object = nl_cache_get_first(cache.get()); object != nullptr; object = nl_cache_get_next(object)) {
    visit(reinterpret_cast<Object*>(object));
  }
}

inline std::optional<IpAddress> to_ip(nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address));
  if (nl_addr_get_family(address) == AF_INET && nl_addr_get_len(address) == 4) {
    std::array<std::uint8_t, 4> v4{};
    std::memcpy(v4.data(), bytes, v4.size());
    return IpAddress::from_v4(v4);
  }
  if (nl_addr_get_family(address) == AF_INET6 && nl_addr_get_len(address) == 16) {
    std::array<std::uint8_t, 16> v6{};
    std::memcpy(v6.data(), bytes, v6.size());
    return IpAddress::from_v6(v6);
  }
  return std::nullopt;
}

}  // namespace gw::net
