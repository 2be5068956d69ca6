// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packet.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::testing {
namespace {

/// Puts the checksum over pseudo-header and segment into the segment, whose field is zero.
void put_checksum(const L4Packet& packet, Bytes& segment, std::size_t offset) {
  Bytes covered = pseudo_header(packet.source, packet.target, segment.size(), packet.protocol);
  put(covered, segment);
  std::uint16_t sum = checksum(covered);
  if (sum == 0 && packet.protocol == kUdp) sum = 0xffff;
  write16(segment, offset, sum);
}

Bytes udp_datagram(const L4Packet& packet) {
  Bytes datagram;
  put16(datagram, packet.source_port);
  put16(datagram, packet.target_port);
  put16(datagram, static_cast<std::uint16_t>(8 + packet.payload.size()));
  put16(datagram, 0);
  put(datagram, packet.payload);
  if (packet.has_checksum) put_checksum(packet, datagram, 6);
  return datagram;
}

Bytes tcp_segment(const L4Packet& packet) {
  Bytes segment;
  put16(segment, packet.source_port);
  put16(segment, packet.target_port);
  put32(segment, packet.seq);
  put32(segment, packet.ack);
  const std::size_t words = packet.data_offset != 0 ? packet.data_offset : 5 + packet.tcp_options.size() / 4;
  put8(segment, static_cast<std::uint8_t>(words << 4));
  put8(segment, packet.flags);
  put16(segment, packet.window);
  put16(segment, 0);
  put16(segment, 0);
  put(segment, packet.tcp_options);
  put(segment, packet.payload);
  put_checksum(packet, segment, 16);
  return segment;
}

Bytes ipv4_header(const IpPacket& packet) {
  Bytes header;
  const std::size_t words = 5 + packet.ip_options.size() / 4;
  put8(header, static_cast<std::uint8_t>(0x40 | words));
  put8(header, packet.tos);
  put16(header, static_cast<std::uint16_t>(words * 4 + packet.body.size()));
  put16(header, packet.ip_id);
  put16(header, packet.fragment);
  put8(header, packet.ttl);
  put8(header, packet.protocol);
  put16(header, 0);
  put_address(header, packet.source);
  put_address(header, packet.target);
  put(header, packet.ip_options);
  write16(header, 10, checksum(header));
  return header;
}

Bytes ipv6_header(const IpPacket& packet) {
  Bytes header;
  put32(header, 0x60000000U | static_cast<std::uint32_t>(packet.tos) << 20);
  put16(header, static_cast<std::uint16_t>(packet.body.size()));
  put8(header, packet.protocol);
  put8(header, packet.ttl);
  put_address(header, packet.source);
  put_address(header, packet.target);
  return header;
}

}  // namespace

Bytes IpPacket::ip_bytes() const {
  Bytes packet = source.is_v4() ? ipv4_header(*this) : ipv6_header(*this);
  put(packet, body);
  return packet;
}

Bytes IpPacket::bytes() const {
  Bytes frame;
  put(frame, target_mac);
  put(frame, source_mac);
  put16(frame, source.is_v4() ? 0x0800 : 0x86dd);
  put(frame, ip_bytes());
  return frame;
}

Bytes L4Packet::segment() const { return protocol == kUdp ? udp_datagram(*this) : tcp_segment(*this); }

IpPacket L4Packet::ip() const {
  return {.source_mac = source_mac,
          .target_mac = target_mac,
          .source = source,
          .target = target,
          .protocol = protocol,
          .ttl = ttl,
          .tos = tos,
          .ip_id = ip_id,
          .fragment = fragment,
          .ip_options = ip_options,
          .body = segment()};
}

IpPacket icmp_error(IpPacket packet, std::uint8_t type, std::uint8_t code, std::uint32_t rest, const Bytes& quote) {
  packet.protocol = packet.source.is_v4() ? kIcmp : kIcmpv6;
  packet.body.clear();
  put8(packet.body, type);
  put8(packet.body, code);
  put16(packet.body, 0);
  put32(packet.body, rest);
  put(packet.body, quote);
  Bytes covered;
  if (!packet.source.is_v4()) covered = pseudo_header(packet.source, packet.target, packet.body.size(), kIcmpv6);
  put(covered, packet.body);
  write16(packet.body, 2, checksum(covered));
  return packet;
}

bool icmp_checksum_is_right(const Bytes& frame) {
  const bool is_v4 = frame[12] == 0x08;
  Bytes covered;
  const Bytes message(frame.begin() + kEthernet + (is_v4 ? 20 : 40), frame.end());
  if (!is_v4) {
    covered.assign(frame.begin() + kEthernet + 8, frame.begin() + kEthernet + 40);
    put32(covered, static_cast<std::uint32_t>(message.size()));
    put32(covered, kIcmpv6);
  }
  put(covered, message);
  return checksum(covered) == 0;
}

std::string compare(const Bytes& expected, const Bytes& actual) {
  std::string text = fmt::format("expected {} bytes, got {}\n", expected.size(), actual.size());
  for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
    const int want = i < expected.size() ? expected[i] : -1;
    const int got = i < actual.size() ? actual[i] : -1;
    if (want != got) text += fmt::format("  offset {}: expected {:02x}, got {:02x}\n", i, want & 0xff, got & 0xff);
  }
  return text;
}

bool checksums_are_right(const Bytes& frame) {
  const bool is_v4 = frame[12] == 0x08;
  const std::size_t header = is_v4 ? (frame[kEthernet] & 0x0f) * 4U : 40U;
  const auto begin = frame.begin() + kEthernet;
  if (is_v4 && checksum(Bytes(begin, begin + static_cast<std::ptrdiff_t>(header))) != 0) return false;
  Bytes covered(begin + (is_v4 ? 12 : 8), begin + (is_v4 ? 20 : 40));
  const Bytes segment(begin + static_cast<std::ptrdiff_t>(header), frame.end());
  put32(covered, static_cast<std::uint32_t>(segment.size()));
  const std::uint8_t protocol = frame[kEthernet + (is_v4 ? 9 : 6)];
  if (protocol == kUdp && segment[6] == 0 && segment[7] == 0) return is_v4;  // RFC 8200, section 8.1
  put32(covered, protocol);
  put(covered, segment);
  return checksum(covered) == 0;
}

}  // namespace gw::testing
