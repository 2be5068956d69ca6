// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/emit.hpp"

#include <algorithm>

#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

using testing::kEthernet;
using testing::kIpv4;
using testing::kIpv6;
using testing::kTcp;
using testing::kUdp;
using testing::read16;

constexpr std::uint8_t kOurTtl = 64;
/// Of the packet that one of our errors is about: this much of it, or of a shorter one the headers.
constexpr std::size_t kQuoted = 128;

/// A checksum field, and the bytes that it covers, itself among them.
struct Checksum {
  std::size_t at = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  /// With the pseudo-header of the packet at kEthernet.
  std::optional<std::uint8_t> pseudo_protocol = std::nullopt;
};

bool is_v4(const Bytes& frame) { return frame[kEthernet] >> 4 == 4; }

IpAddress source_of(const Bytes& frame) {
  return is_v4(frame) ? testing::read_v4(frame, kEthernet + 12) : testing::read_v6(frame, kEthernet + 8);
}
IpAddress target_of(const Bytes& frame) {
  return is_v4(frame) ? testing::read_v4(frame, kEthernet + 16) : testing::read_v6(frame, kEthernet + 24);
}

std::uint16_t right_checksum(const Bytes& frame, const Checksum& field) {
  Bytes covered;
  if (field.pseudo_protocol) {
    covered =
        testing::pseudo_header(source_of(frame), target_of(frame), field.end - field.begin, *field.pseudo_protocol);
  }
  const std::size_t before = covered.size();
  covered.insert(covered.end(), frame.begin() + static_cast<std::ptrdiff_t>(field.begin),
                 frame.begin() + static_cast<std::ptrdiff_t>(field.end));
  testing::write16(covered, before + field.at - field.begin, 0);
  const std::uint16_t sum = testing::checksum(covered);
  return sum == 0 && field.pseudo_protocol == kUdp ? 0xffff : sum;
}

/// Makes the checksum of `after` right, or as wrong as it was in `before`.
void update_checksum(Frame& after, const Bytes& before, const Checksum& field) {
  constexpr std::uint32_t kModulus = 0xffff;
  const std::uint32_t was = read16(before, field.at);
  const std::uint32_t right = right_checksum(before, field);
  if (was == 0 && field.pseudo_protocol == kUdp) return;  // not computed (RFC 768)
  if (was == right) {
    testing::write16(after.bytes, field.at, right_checksum(after.bytes, field));
    return;
  }
  const std::uint32_t wrong = (right_checksum(after.bytes, field) + was + kModulus - right) % kModulus;
  const bool is_udp = field.pseudo_protocol == kUdp;
  testing::write16(after.bytes, field.at, static_cast<std::uint16_t>(wrong == 0 && is_udp ? kModulus : wrong));
  if (wrong == 0 && !is_udp) after.zeros.push_back(field.at);
}

Checksum of_ipv4_header(const Bytes& frame, std::size_t at) { return {at + 10, at, at + (frame[at] & 0x0fU) * 4U}; }

Checksum of_layer4(const Segment& segment) {
  return {segment.l4_at + (segment.is_udp() ? 6 : 16), segment.l4_at, segment.l4_at + segment.l4_length,
          segment.tuple.protocol};
}

Checksum of_icmp(const IcmpError& error) {
  const Checksum v4{error.icmp_at + 2, error.icmp_at, error.icmp_at + error.length};
  if (error.source.is_v4()) return v4;
  return {v4.at, v4.begin, v4.end, testing::kIcmpv6};
}

/// Offsets of the addresses behind the beginning of an IP header.
std::size_t source_at(bool v4) { return v4 ? 12 : 8; }
std::size_t target_at(bool v4) { return v4 ? 16 : 24; }

void decrement_ttl(Bytes& frame) { --frame[kEthernet + (is_v4(frame) ? 8 : 7)]; }

void write_macs(Bytes& frame, const Hop& hop) {
  std::ranges::copy(hop.target, frame.begin());
  std::ranges::copy(hop.source, frame.begin() + 6);
}

/// Source and destination in the IP header at `at`, ports in the layer 4 header at `ports_at`.
void write_addresses(Bytes& frame, std::size_t at, const Tuple& tuple) {
  testing::write_address(frame, at + source_at(tuple.is_v4()), tuple.source.address);
  testing::write_address(frame, at + target_at(tuple.is_v4()), tuple.target.address);
}
void write_ports(Bytes& frame, std::size_t ports_at, const Tuple& tuple) {
  testing::write16(frame, ports_at, tuple.source.port);
  testing::write16(frame, ports_at + 2, tuple.target.port);
}

void update_ip_checksum(Frame& after, const Bytes& before) {
  if (is_v4(before)) update_checksum(after, before, of_ipv4_header(before, kEthernet));
}

/// RFC 2003 and 2473: traffic class (and flow label) of the inner packet, no fragmenting.
Bytes outer_header(const Bytes& frame, const Tuple& tunnel) {
  const bool v4 = is_v4(frame);
  const std::size_t inner = v4 ? read16(frame, kEthernet + 2) : kIpv6 + read16(frame, kEthernet + 4);
  testing::IpPacket outer{.source = tunnel.source.address,
                          .target = tunnel.target.address,
                          .protocol = v4 ? testing::kIpv4InIp : testing::kIpv6InIp,
                          .ttl = kOurTtl,
                          .tos = v4 ? frame[kEthernet + 1] : std::uint8_t{0},
                          .body = Bytes(inner)};
  Bytes header = outer.ip_bytes();
  header.resize(v4 ? kIpv4 : kIpv6);
  if (!v4) std::copy_n(frame.begin() + kEthernet, 4, header.begin());  // version, traffic class, flow label
  return header;
}

void put_into_tunnel(Frame& frame, const Tuple& tunnel) {
  const Bytes header = outer_header(frame.bytes, tunnel);
  frame.bytes.insert(frame.bytes.begin() + kEthernet, header.begin(), header.end());
  for (std::size_t& at : frame.zeros) at += header.size();
}

/// Tunnel and MAC addresses: the last things that happen to a packet.
Frame sent(Frame frame, const Connection& connection, Side side, const Hop* hop) {
  if (connection.mode == Mode::Tunnel) put_into_tunnel(frame, connection.rewritten(side));
  if (hop != nullptr) write_macs(frame.bytes, *hop);
  return frame;
}

void turn_round(Bytes& frame) { std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6); }

/// What we say ourselves, back the way that `frame` came.
Frame answer(const Bytes& frame, const testing::IpPacket& packet) {
  Frame answer{packet.bytes(), {}};
  std::copy_n(frame.begin(), 12, answer.bytes.begin());
  turn_round(answer.bytes);
  return answer;
}

/// Options and extension headers are not answered, nor are parts of a packet other than the first.
bool is_plain(const Segment& segment) { return !segment.has_options && !segment.has_extensions; }

}  // namespace

Frame forwarded(const Bytes& frame, const Segment& segment, const Connection& connection, Side side, const Hop* hop) {
  Frame result{frame, {}};
  decrement_ttl(result.bytes);
  if (connection.hears_backend()) {
    const Tuple tuple = connection.rewritten(side);
    write_addresses(result.bytes, kEthernet, tuple);
    if (segment.piece != Piece::Later) {
      write_ports(result.bytes, segment.l4_at, tuple);
      update_checksum(result, frame, of_layer4(segment));
    }
  }
  update_ip_checksum(result, frame);
  return sent(std::move(result), connection, side, hop);
}

Frame translated(const Bytes& frame, const IcmpError& error, const Connection& connection, Side side, const Hop* hop) {
  Frame result{frame, {}};
  decrement_ttl(result.bytes);
  // With DSR the backend has sent the quoted packet itself.
  if (connection.hears_backend()) {
    const bool v4 = error.source.is_v4();
    const Tuple tuple = connection.rewritten(side);
    // A router stays who it is; what speaks for the quoted packet's destination is the flow's other end.
    const bool is_from_end = error.source == error.quoted.target.address;
    testing::write_address(result.bytes, kEthernet + source_at(v4), is_from_end ? tuple.source.address : error.source);
    testing::write_address(result.bytes, kEthernet + target_at(v4), tuple.target.address);
    write_addresses(result.bytes, error.quote_at, tuple.reversed());
    write_ports(result.bytes, error.quoted_l4_at, tuple.reversed());
    if (v4) update_checksum(result, frame, of_ipv4_header(frame, error.quote_at));
    update_checksum(result, frame, of_icmp(error));
  }
  update_ip_checksum(result, frame);
  return sent(std::move(result), connection, side, hop);
}

/// RFC 9293, section 3.10.7.1.
std::optional<Frame> reset_for(const Bytes& frame, const Segment& segment) {
  if (segment.is_udp() || segment.has(testing::kRst)) return std::nullopt;
  if (segment.piece != Piece::Whole || !is_plain(segment)) return std::nullopt;
  testing::L4Packet reset;
  reset.source = segment.tuple.target.address;
  reset.target = segment.tuple.source.address;
  reset.source_port = segment.tuple.target.port;
  reset.target_port = segment.tuple.source.port;
  reset.ttl = kOurTtl;
  reset.window = 0;
  reset.flags = testing::kRst;
  reset.seq = segment.ack;
  if (!segment.has(testing::kAck)) {
    reset.flags |= testing::kAck;
    reset.seq = 0;
    reset.ack = end_of(segment);
  }
  return answer(frame, reset.ip());
}

std::optional<Frame> error_about(const Bytes& frame, const Segment& segment, std::optional<std::uint32_t> mtu) {
  if (segment.piece == Piece::Later || !is_plain(segment)) return std::nullopt;
  const bool v4 = segment.tuple.is_v4();
  const std::size_t headers = (v4 ? kIpv4 : kIpv6) + (segment.is_udp() ? testing::kUdpHeader : testing::kTcpHeader);
  const std::size_t quoted = segment.ip_length() >= kQuoted ? kQuoted : headers;
  const Bytes quote(frame.begin() + kEthernet, frame.begin() + static_cast<std::ptrdiff_t>(kEthernet + quoted));
  const testing::IpPacket envelope{
      .source = segment.tuple.target.address, .target = segment.tuple.source.address, .ttl = kOurTtl, .fragment = 0};
  const auto too_big = [&] { return v4 ? std::pair{3, 4} : std::pair{2, 0}; };
  const auto out_of_time = [&] { return v4 ? std::pair{11, 0} : std::pair{3, 0}; };
  const auto [type, code] = mtu ? too_big() : out_of_time();
  return answer(frame, testing::icmp_error(envelope, static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code),
                                           mtu.value_or(0), quote));
}

}  // namespace gw::differential
