// SPDX-License-Identifier: Apache-2.0
// A connected socket of this host, as the kernel tells it from all others.
#pragma once

#include "userspace/base/ip.hpp"

#include <compare>
#include <cstdint>

namespace gw {

struct ConnectedSocket {
  std::uint64_t cookie = 0;  ///< SO_COOKIE
  IpAddress peer;
  std::uint16_t port = 0;     ///< the peer's; host byte order
  std::uint8_t protocol = 0;  ///< IPPROTO_TCP or IPPROTO_UDP

  auto operator<=>(const ConnectedSocket&) const = default;
};

}  // namespace gw
