// SPDX-License-Identifier: Apache-2.0
// What the generators write into their frames.
#pragma once

#include "tests/bench/die.hpp"

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace gw::bench {

inline void put16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

/// Six bytes from "02:00:00:00:00:01".
inline void put_mac(std::uint8_t* at, const char* text) {
  if (std::sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", at, at + 1, at + 2, at + 3, at + 4, at + 5) == 6) return;
  errno = EINVAL;
  die(text);
}

/// An IPv4 address in network byte order.
inline in_addr_t address(const char* text) {
  in_addr parsed{};
  if (inet_pton(AF_INET, text, &parsed) == 1) return parsed.s_addr;
  errno = EINVAL;
  die(text);
}

/// The complement of the bytes' sum (RFC 1071), with `sum` of what is covered besides.
inline std::uint16_t checksum(const std::uint8_t* bytes, std::size_t length, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < length; ++i) sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// That of a TCP segment of `length` bytes behind an IPv4 header without options, whose own field is zero.
inline std::uint16_t tcp_checksum(const std::uint8_t* ip, std::size_t length) {
  constexpr std::size_t kIpv4 = 20;
  auto sum = static_cast<std::uint32_t>(IPPROTO_TCP + length);
  for (std::size_t i = 12; i < kIpv4; i += 2) sum += static_cast<std::uint32_t>(ip[i] << 8 | ip[i + 1]);
  return checksum(ip + kIpv4, length, sum);
}

}  // namespace gw::bench
