// SPDX-License-Identifier: Apache-2.0
// Packets as descriptions. A test says what a packet is; the bytes, checksums included, are computed from scratch, with
// none of the code under test.
#pragma once

#include "tests/support/wire.hpp"
#include "userspace/base/ip.hpp"

#include <cstdint>
#include <string>

namespace gw::testing {

enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kIpv4InIp = 4;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIpv6InIp = 41;
inline constexpr std::uint8_t kIcmpv6 = 58;

/// An IPv4 or IPv6 packet (the addresses decide) in an Ethernet frame, with anything behind the IP header.
struct IpPacket {
  Mac source_mac{};
  Mac target_mac{};
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol = kTcp;  ///< IPv6: of the first header behind the IPv6 header
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t ip_id = 0;          ///< this and the next two: IPv4 only
  std::uint16_t fragment = 0x4000;  ///< flags and offset; don't fragment by default
  Bytes ip_options{};               ///< a multiple of 4 bytes
  Bytes body{};

  [[nodiscard]] Bytes bytes() const;
  /// The packet without its Ethernet header.
  [[nodiscard]] Bytes ip_bytes() const;
};

/// A TCP segment or UDP datagram in an IPv4 or IPv6 packet (the addresses decide) in an Ethernet frame.
struct L4Packet {
  Mac source_mac{};
  Mac target_mac{};
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol = kTcp;
  std::uint16_t source_port = 0;
  std::uint16_t target_port = 0;
  std::uint8_t flags = kSyn;  ///< this and the next three: TCP only
  std::uint32_t seq = 1000;
  std::uint32_t ack = 0;
  std::uint16_t window = 64240;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t ip_id = 0;
  std::uint16_t fragment = 0x4000;  ///< flags and offset of IPv4; don't fragment by default
  Bytes ip_options{};               ///< IPv4 only; a multiple of 4 bytes
  Bytes tcp_options{};              ///< a multiple of 4 bytes
  std::uint8_t data_offset = 0;     ///< TCP: words that the header says it has; 0: those that it has
  bool has_checksum = true;         ///< UDP only
  Bytes payload{};

  [[nodiscard]] Bytes bytes() const { return ip().bytes(); }
  /// Header and payload of layer 4.
  [[nodiscard]] Bytes segment() const;
  [[nodiscard]] IpPacket ip() const;
};

/// What an ICMP error says, beside the addresses. `quote`: the packet that it is about, from its IP header on.
IpPacket icmp_error(IpPacket packet, std::uint8_t type, std::uint8_t code, std::uint32_t rest, const Bytes& quote);

/// True if the checksum of the ICMP or ICMPv6 message in the frame is right.
bool icmp_checksum_is_right(const Bytes& frame);

/// Hex dump with the differing bytes marked, for failure messages.
std::string compare(const Bytes& expected, const Bytes& actual);

/// True if the IPv4 header checksum (if any) and the TCP or UDP checksum are right.
bool checksums_are_right(const Bytes& frame);

}  // namespace gw::testing
