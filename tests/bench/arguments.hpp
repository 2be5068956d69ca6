// SPDX-License-Identifier: Apache-2.0
// What the tools are told on the command line; other words end them.
#pragma once

#include "tests/bench/die.hpp"
#include "userspace/base/ip.hpp"

#include <arpa/inet.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>

namespace gw::bench {

/// Six bytes from "02:00:00:00:00:01".
inline void put_mac(std::uint8_t* at, const char* text) {
  if (std::sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", at, at + 1, at + 2, at + 3, at + 4, at + 5) == 6) return;
  errno = EINVAL;
  die(text);
}

/// In network byte order.
inline IpAddress ip_address(in_addr_t address) {
  return IpAddress::from_v4(std::bit_cast<std::array<std::uint8_t, 4>>(address));
}

/// An IPv4 address in network byte order.
inline in_addr_t address(const char* text) {
  in_addr parsed{};
  if (inet_pton(AF_INET, text, &parsed) == 1) return parsed.s_addr;
  errno = EINVAL;
  die(text);
}

}  // namespace gw::bench
