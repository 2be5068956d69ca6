// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/parse.hpp"

#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

using testing::kEthernet;
using testing::kIpv4;
using testing::kIpv6;
using testing::kTcp;
using testing::kTcpHeader;
using testing::kUdp;
using testing::kUdpHeader;
using testing::read16;
using testing::read32;

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
/// Chains of extension headers that are longer are left to the stack, and what begins this far in the frame.
constexpr int kExtensionsMax = 6;
constexpr std::size_t kDeepest = 255;

bool is_served(std::uint8_t protocol) { return protocol == kTcp || protocol == kUdp; }

bool is_icmp_error(std::uint8_t type, bool is_v4) {
  if (is_v4) return type == 3 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

/// Of an IP packet, once its header was read.
struct Ip {
  bool is_v4 = true;
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 0;
  std::size_t at = 0;      ///< offset of the IP header
  std::size_t header = 0;  ///< its length
  std::size_t end = 0;     ///< offset behind the packet

  [[nodiscard]] std::size_t payload_at() const { return at + header; }
};

/// What a packet's own header says; `end` is not compared with anything.
std::optional<Ip> read_ipv4(const Bytes& frame, std::size_t at) {
  if (frame.size() < at + kIpv4 || frame[at] >> 4 != 4) return std::nullopt;
  const std::size_t header = (frame[at] & 0x0fU) * 4U;
  const std::size_t length = read16(frame, at + 2);
  if (header < kIpv4) return std::nullopt;
  return Ip{true,
            testing::read_v4(frame, at + 12),
            testing::read_v4(frame, at + 16),
            frame[at + 9],
            frame[at + 8],
            at,
            header,
            at + length};
}

std::optional<Ip> read_ipv6(const Bytes& frame, std::size_t at) {
  if (frame.size() < at + kIpv6 || frame[at] >> 4 != 6) return std::nullopt;
  const IpAddress source = testing::read_v6(frame, at + 8);
  const IpAddress target = testing::read_v6(frame, at + 24);
  // Mapped addresses on the wire are forgeries (RFC 4291, section 2.5.5.2).
  if (source.is_v4() || target.is_v4()) return std::nullopt;
  return Ip{false, source, target, frame[at + 6], frame[at + 7], at, kIpv6, at + kIpv6 + read16(frame, at + 4)};
}

/// False for what no packet comes from (RFC 1122, section 3.2.1.3; RFC 4291, sections 2.5 and 2.7).
bool is_host(const IpAddress& address) {
  const bool is_broadcast = address == IpAddress::from_v4({255, 255, 255, 255});
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !is_broadcast;
}

/// The frame's own packet: it is there as a whole (RFC 1812, section 5.2.2), and comes from somebody.
std::optional<Ip> read_packet(const Bytes& frame) {
  const std::uint16_t type = read16(frame, 12);
  auto ip = type == kEtherTypeIpv4   ? read_ipv4(frame, kEthernet)
            : type == kEtherTypeIpv6 ? read_ipv6(frame, kEthernet)
                                     : std::nullopt;
  if (!ip || ip->end < ip->payload_at() || ip->end > frame.size() || !is_host(ip->source)) return std::nullopt;
  return ip;
}

Segment segment_of(const Ip& ip) {
  Segment segment;
  segment.tuple = {{ip.source, 0}, {ip.target, 0}, ip.protocol};
  segment.ttl = ip.ttl;
  segment.l4_at = ip.payload_at();
  segment.l4_length = ip.end - ip.payload_at();
  segment.has_options = ip.is_v4 && ip.header != kIpv4;
  return segment;
}

/// The layer 4 header; nothing if it is cut short.
Parsed with_layer4(const Bytes& frame, Segment segment) {
  if (segment.piece == Piece::Later) return segment;
  const std::size_t at = segment.l4_at;
  if (segment.l4_length < (segment.is_udp() ? kUdpHeader : kTcpHeader)) return Foreign{};
  segment.tuple.source.port = read16(frame, at);
  segment.tuple.target.port = read16(frame, at + 2);
  segment.l4_header = kUdpHeader;
  if (segment.is_udp()) return segment;
  segment.seq = read32(frame, at + 4);
  segment.ack = read32(frame, at + 8);
  segment.l4_header = (frame[at + 12] >> 4) * 4U;
  segment.flags = frame[at + 13];
  return segment;
}

Parsed parse_icmp(const Bytes& frame, const Ip& ip) {
  const std::size_t at = ip.payload_at();
  if (ip.is_v4 && ip.header != kIpv4) return Foreign{};
  if (ip.end < at + 8 || !is_icmp_error(frame[at], ip.is_v4)) return Foreign{};
  // What is quoted is the beginning of a packet; all that is behind the IP packet is padding.
  const Bytes packet(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(ip.end));
  const auto quoted = ip.is_v4 ? read_ipv4(packet, at + 8) : read_ipv6(packet, at + 8);
  if (!quoted || !is_served(quoted->protocol)) return Foreign{};
  if (ip.is_v4 && (read16(frame, quoted->at + 6) & 0x1fff) != 0) return Foreign{};
  // RFC 792: 64 bits of the original datagram's data.
  const std::size_t l4 = quoted->payload_at();
  if (ip.end < l4 + 8) return Foreign{};
  const Tuple tuple{{quoted->source, read16(frame, l4)}, {quoted->target, read16(frame, l4 + 2)}, quoted->protocol};
  // An error goes to whoever has sent what it is about.
  if (ip.target != tuple.source.address) return Foreign{};
  return IcmpError{ip.source, ip.target, ip.ttl, at, ip.end - at, tuple, quoted->at, l4};
}

Parsed parse_ipv4(const Bytes& frame, const Ip& ip) {
  const std::uint16_t fragment = read16(frame, ip.at + 6);
  const bool is_fragment = (fragment & 0x3fff) != 0;
  if (ip.protocol == testing::kIcmp && !is_fragment) return parse_icmp(frame, ip);
  if (!is_served(ip.protocol)) return Foreign{};
  Segment segment = segment_of(ip);
  if (is_fragment) {
    segment.piece = (fragment & 0x1fff) != 0 ? Piece::Later : Piece::First;
    segment.fragment = {ip.source, ip.target, ip.protocol, read16(frame, ip.at + 4)};
  }
  return with_layer4(frame, segment);
}

/// Steps over the extension headers; nothing if they are too many, cut short, or take the packet elsewhere.
std::optional<Segment> behind_extensions(const Bytes& frame, const Ip& ip) {
  Segment segment = segment_of(ip);
  std::uint8_t& next = segment.tuple.protocol;
  std::size_t at = segment.l4_at;
  const auto is_extension = [](std::uint8_t kind) { return kind == 0 || kind == 43 || kind == 44 || kind == 60; };
  for (int i = 0; i < kExtensionsMax && is_extension(next) && segment.piece != Piece::Later; ++i) {
    if (at > kDeepest || ip.end < at + 8) return std::nullopt;
    std::size_t length = 8 + frame[at + 1] * 8U;
    if (next == 43 && frame[at + 3] != 0) return std::nullopt;  // the destination is only a stop on the way
    if (next == 44) {
      length = 8;
      const std::uint16_t offset = read16(frame, at + 2);
      if ((offset & 0xfff8) != 0) segment.piece = Piece::Later;
      if ((offset & 0xfff9) == 1) segment.piece = Piece::First;
      segment.fragment.id = read32(frame, at + 4);
    }
    next = frame[at];
    at += length;
    segment.has_extensions = true;
  }
  if (!is_served(next) || at > kDeepest || at > ip.end) return std::nullopt;
  segment.l4_length = ip.end - at;
  segment.l4_at = at;
  segment.fragment = {ip.source, ip.target, next, segment.fragment.id};
  return segment;
}

Parsed parse_ipv6(const Bytes& frame, const Ip& ip) {
  if (ip.protocol == testing::kIcmpv6) return parse_icmp(frame, ip);
  const auto segment = behind_extensions(frame, ip);
  if (!segment) return Foreign{};
  return with_layer4(frame, *segment);
}

}  // namespace

Parsed parse(const Bytes& frame) {
  const auto ip = read_packet(frame);
  if (!ip) return Foreign{};
  return ip->is_v4 ? parse_ipv4(frame, *ip) : parse_ipv6(frame, *ip);
}

}  // namespace gw::differential
