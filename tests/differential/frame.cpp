// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/frame.hpp"

#include <algorithm>

#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

using testing::IpPacket;
using testing::kEthernet;

constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragmentHeader = 44;

/// The tuple of the packet as it arrives, or as the sender of an error about it saw it.
Tuple tuple_of(const Packet& packet, const Connection* connection) {
  const Tuple client = client_tuple(packet);
  const bool is_translated = connection != nullptr && connection->hears_backend();
  const bool is_error = packet.icmp_type >= 0;
  if (packet.from_backend == is_error) return packet.from_backend ? client.reversed() : client;
  if (!is_translated) return packet.from_backend ? client.reversed() : client;
  return packet.from_backend ? connection->server.reversed() : connection->server;
}

Bytes filling(std::size_t length) {
  Bytes bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return bytes;
}

/// No-operations; the last one ends the list.
Bytes options(std::uint8_t words) {
  Bytes bytes(words * 4U, 1);
  if (!bytes.empty()) bytes.back() = 0;
  return bytes;
}

Bytes segment_of(const Packet& packet, const Tuple& tuple) {
  testing::L4Packet described;
  described.source = tuple.source.address;
  described.target = tuple.target.address;
  described.source_port = tuple.source.port;
  described.target_port = tuple.target.port;
  described.protocol = packet.protocol;
  described.flags = packet.flags;
  described.seq = packet.seq;
  described.ack = packet.ack;
  described.tcp_options = options(packet.tcp_options);
  described.data_offset = packet.data_offset;
  described.has_checksum = packet.sum != Sum::None;
  described.payload = filling(packet.payload);
  Bytes segment = described.segment();
  if (packet.sum == Sum::Wrong) segment[packet.protocol == testing::kUdp ? 7 : 17] ^= 0x55;
  return segment;
}

Bytes extension_header(const Extension& extension, std::uint8_t next) {
  Bytes header(8 + extension.words * 8U);
  header[0] = next;
  header[1] = extension.words;
  if (extension.kind == kRouting) {
    header[2] = 4;
    header[3] = extension.segments_left;
    return header;
  }
  header[2] = 1;  // PadN over the rest
  header[3] = static_cast<std::uint8_t>(header.size() - 4);
  return header;
}

bool is_fragment(const Packet& packet) { return packet.piece_end != 0; }

/// Puts the extension headers, that of a fragment last, in front of the body.
void extend(IpPacket& ip, const Packet& packet, std::uint16_t offset_and_more) {
  std::vector<Bytes> headers;
  std::uint8_t next = ip.protocol;
  if (is_fragment(packet)) {
    Bytes header = {next, 0};
    testing::put16(header, offset_and_more);
    testing::put32(header, packet.id);
    headers.push_back(std::move(header));
    next = kFragmentHeader;
  }
  for (auto extension = packet.extensions.rbegin(); extension != packet.extensions.rend(); ++extension) {
    headers.push_back(extension_header(*extension, next));
    next = extension->kind;
  }
  for (const Bytes& header : headers) ip.body.insert(ip.body.begin(), header.begin(), header.end());
  ip.protocol = next;
}

/// The IP packet with the segment, or with a piece of it.
IpPacket ip_of(const Packet& packet, const Tuple& tuple) {
  IpPacket ip{.source = tuple.source.address,
              .target = tuple.target.address,
              .protocol = packet.protocol,
              .ttl = packet.ttl,
              .tos = packet.tos,
              .ip_id = packet.id,
              .fragment = static_cast<std::uint16_t>(packet.dont_fragment ? 0x4000 : 0),
              .ip_options = tuple.is_v4() ? options(packet.ip_options) : Bytes{},
              .body = segment_of(packet, tuple)};
  const std::size_t whole = ip.body.size();
  const std::size_t end = std::min<std::size_t>(packet.piece_end, whole);
  const std::size_t begin = std::min<std::size_t>(packet.piece_begin / 8 * 8, end);
  const bool has_more = end < whole;
  if (is_fragment(packet)) {
    ip.body =
        Bytes(ip.body.begin() + static_cast<std::ptrdiff_t>(begin), ip.body.begin() + static_cast<std::ptrdiff_t>(end));
  }
  if (tuple.is_v4()) {
    if (is_fragment(packet)) ip.fragment = static_cast<std::uint16_t>(begin / 8 | (has_more ? 0x2000 : 0));
  } else {
    extend(ip, packet, static_cast<std::uint16_t>(begin | (has_more ? 1 : 0)));
  }
  return ip;
}

IpPacket error_about(const Packet& packet, const IpPacket& quoted) {
  Bytes quote = quoted.ip_bytes();
  quote.resize(std::min<std::size_t>(quote.size(), packet.icmp_quote));
  IpPacket envelope{.source = packet.icmp_source,
                    .target = packet.icmp_target == IpAddress() ? quoted.source : packet.icmp_target,
                    .ttl = packet.ttl,
                    .tos = packet.tos,
                    .ip_id = packet.id,
                    .fragment = 0};
  return testing::icmp_error(envelope, static_cast<std::uint8_t>(packet.icmp_type), packet.icmp_code, packet.icmp_rest,
                             quote);
}

void make_longer(Bytes& frame, std::int16_t by) {
  const bool v4 = frame[kEthernet] >> 4 == 4;
  const std::size_t at = kEthernet + (v4 ? 2 : 4);
  testing::write16(frame, at, static_cast<std::uint16_t>(testing::read16(frame, at) + by));
  if (!v4) return;
  const std::size_t header = (frame[kEthernet] & 0x0fU) * 4U;
  testing::write16(frame, kEthernet + 10, 0);
  testing::write16(frame, kEthernet + 10, testing::checksum(std::span(frame).subspan(kEthernet, header)));
}

/// BPF_PROG_TEST_RUN takes no skb that is shorter than its IP header.
std::size_t shortest(const Bytes& frame, testing::Hook hook) {
  const std::uint16_t type = testing::read16(frame, 12);
  if (hook == testing::Hook::Xdp || (type != 0x0800 && type != 0x86dd)) return kEthernet;
  return kEthernet + (type == 0x0800 ? testing::kIpv4 : testing::kIpv6);
}

void damage(Bytes& frame, const Packet& packet, testing::Hook hook) {
  if (packet.longer != 0) make_longer(frame, packet.longer);
  for (const Poke& poke : packet.pokes) {
    if (poke.offset < frame.size()) frame[poke.offset] = poke.value;
  }
  frame.resize(std::max(frame.size() - std::min<std::size_t>(packet.cut, frame.size()), shortest(frame, hook)));
  frame.resize(frame.size() + packet.pad, 0xee);
}

}  // namespace

Tuple client_tuple(const Packet& packet) { return {packet.client, packet.vip, packet.protocol}; }

Bytes frame_of(const Packet& packet, const Connection* connection, testing::Hook hook) {
  IpPacket ip = ip_of(packet, tuple_of(packet, connection));
  if (packet.icmp_type >= 0) ip = error_about(packet, ip);
  ip.source_mac = packet.from_backend ? testing::kBackendMac : testing::kClientMac;
  ip.target_mac = testing::kInMac;
  if (packet.addressee == Addressee::Others) ip.target_mac = {2, 0, 0, 0, 9, 9};
  if (packet.addressee == Addressee::Everybody) ip.target_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  Bytes frame = ip.bytes();
  damage(frame, packet, hook);
  return frame;
}

}  // namespace gw::differential
