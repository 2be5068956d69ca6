// SPDX-License-Identifier: Apache-2.0
// Reads a frame as RFC 791, 8200, 9293, 768, 792 and 4443 have it, as far as the gateway looks.
#pragma once

#include "tests/differential/model/config.hpp"
#include "tests/support/wire.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

namespace gw::differential {

using testing::Bytes;

struct Tuple {
  Endpoint source;
  Endpoint target;
  std::uint8_t protocol = 0;

  [[nodiscard]] bool is_v4() const { return source.address.is_v4(); }
  [[nodiscard]] Tuple reversed() const { return {target, source, protocol}; }
  auto operator<=>(const Tuple&) const = default;
};

enum class Piece : std::uint8_t { Whole, First, Later };

/// What all fragments of a packet have in common (RFC 791 section 3.2, RFC 8200 section 4.5).
struct FragmentId {
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol = 0;
  std::uint32_t id = 0;

  auto operator<=>(const FragmentId&) const = default;
};

/// A TCP segment or UDP datagram, or a fragment of one.
struct Segment {
  Tuple tuple;  ///< as it arrived; a later fragment has no ports
  std::uint8_t ttl = 0;
  std::size_t l4_at = 0;      ///< offset of the layer 4 header in the frame
  std::size_t l4_length = 0;  ///< of its header and payload, as the IP header says
  std::size_t l4_header = 0;  ///< as it says itself
  std::uint8_t flags = 0;     ///< TCP
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  Piece piece = Piece::Whole;
  FragmentId fragment;          ///< unless whole
  bool has_extensions = false;  ///< IPv6 extension headers
  bool has_options = false;     ///< IPv4 options

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  [[nodiscard]] bool is_udp() const { return tuple.protocol == 17; }
  /// Of the IP packet.
  [[nodiscard]] std::size_t ip_length() const { return l4_at - testing::kEthernet + l4_length; }
};

/// An ICMP error, in a packet without options or extension headers, about a TCP or UDP packet.
struct IcmpError {
  IpAddress source;
  IpAddress target;
  std::uint8_t ttl = 0;
  std::size_t icmp_at = 0;
  std::size_t length = 0;  ///< of the ICMP message
  Tuple quoted;
  std::size_t quote_at = 0;  ///< offset of the quoted IP header
  std::size_t quoted_l4_at = 0;
};

/// Anything else: not for us, or cut short.
struct Foreign {};

using Parsed = std::variant<Foreign, Segment, IcmpError>;

Parsed parse(const Bytes& frame);

}  // namespace gw::differential
