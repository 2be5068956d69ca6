// SPDX-License-Identifier: Apache-2.0
// Reading and writing packets by hand: big-endian numbers and Internet checksums, with none of the code under test.
#pragma once

#include "userspace/base/ip.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

namespace gw::testing {

using Bytes = std::vector<std::uint8_t>;
using Mac = std::array<std::uint8_t, 6>;

inline constexpr std::size_t kEthernet = 14;  ///< length of the Ethernet header
inline constexpr std::size_t kIpv4 = 20;      ///< of an IPv4 header without options
inline constexpr std::size_t kIpv6 = 40;
inline constexpr std::size_t kTcpHeader = 20;
inline constexpr std::size_t kUdpHeader = 8;

// Appending.
void put8(Bytes& to, std::uint8_t value);
void put16(Bytes& to, std::uint16_t value);
void put32(Bytes& to, std::uint32_t value);
template <typename Range>
void put(Bytes& to, const Range& bytes) {
  to.insert(to.end(), std::begin(bytes), std::end(bytes));
}
/// 4 bytes of an IPv4 address, 16 of an IPv6 address.
void put_address(Bytes& to, const IpAddress& address);

// In place.
std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at);
std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at);
void write16(Bytes& bytes, std::size_t at, std::uint16_t value);
void write32(Bytes& bytes, std::size_t at, std::uint32_t value);
void write_address(Bytes& bytes, std::size_t at, const IpAddress& address);
IpAddress read_v4(std::span<const std::uint8_t> bytes, std::size_t at);
IpAddress read_v6(std::span<const std::uint8_t> bytes, std::size_t at);

/// The one's complement sum of 16-bit words (RFC 1071); a last odd byte is the high half of its word.
std::uint16_t ones_sum(std::span<const std::uint8_t> bytes);
/// What a checksum field holds that covers `bytes`, in which the field is zero.
inline std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint16_t>(~ones_sum(bytes));
}
/// The pseudo-header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1). IPv4's has the same sum
/// in the form of IPv6's.
Bytes pseudo_header(const IpAddress& source, const IpAddress& target, std::size_t length, std::uint8_t protocol);

}  // namespace gw::testing
