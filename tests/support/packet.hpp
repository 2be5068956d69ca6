// SPDX-License-Identifier: Apache-2.0
// Packets as descriptions. A test says what a packet is; the bytes, checksums included, are computed from scratch, with
// none of the code under test.
#pragma once

#include "userspace/base/ip.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace gw::testing {

using Bytes = std::vector<std::uint8_t>;
using Mac = std::array<std::uint8_t, 6>;

enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

/// A TCP segment in an IPv4 or IPv6 packet (the addresses decide) in an Ethernet frame.
struct TcpPacket {
  Mac source_mac{};
  Mac target_mac{};
  IpAddress source;
  IpAddress target;
  std::uint16_t source_port = 0;
  std::uint16_t target_port = 0;
  std::uint8_t flags = kSyn;
  std::uint32_t seq = 1000;
  std::uint32_t ack = 0;
  std::uint16_t window = 64240;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t ip_id = 0;
  std::uint16_t fragment = 0x4000;  ///< flags and offset of IPv4; don't fragment by default
  Bytes ip_options;                 ///< IPv4 only; a multiple of 4 bytes
  Bytes tcp_options;                ///< a multiple of 4 bytes
  Bytes payload;

  [[nodiscard]] Bytes bytes() const;
};

/// Hex dump with the differing bytes marked, for failure messages.
std::string compare(const Bytes& expected, const Bytes& actual);

/// True if the IPv4 header checksum (if any) and the TCP checksum are right.
bool checksums_are_right(const Bytes& frame);

}  // namespace gw::testing
