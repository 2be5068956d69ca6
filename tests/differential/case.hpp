// SPDX-License-Identifier: Apache-2.0
// A case: changes of the configuration and packets, in order, beginning with an empty gateway. As text it is one line
// for each step; `print` writes it, `parse` reads it, and corpus/ keeps those that have found something.
#pragma once

#include "tests/differential/model/config.hpp"
#include "userspace/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gw::differential {

/// Which programs get the packet. Chain: as on a link with both, XDP first, and tc with what XDP passes. Egress: the
/// host itself sends it; so it is with all that a backend on the host sends.
enum class Path : std::uint8_t { Xdp, Tc, Chain, Egress };

/// Whom the frame is addressed to.
enum class Addressee : std::uint8_t { Us, Others, Everybody };

enum class Sum : std::uint8_t { Right, Wrong, None };

/// An IPv6 extension header of `words` * 8 + 8 bytes.
struct Extension {
  std::uint8_t kind = 60;
  std::uint8_t words = 0;
  std::uint8_t segments_left = 0;  ///< routing header

  auto operator<=>(const Extension&) const = default;
};

struct Poke {
  std::uint16_t offset = 0;
  std::uint8_t value = 0;

  auto operator<=>(const Poke&) const = default;
};

/// A packet as a description. It names its connection by the client's side, since what the gateway makes of the tuple
/// is known only when it has done so.
struct Packet {
  Path path = Path::Xdp;
  std::uint8_t protocol = 6;
  Endpoint client{};
  Endpoint vip{};
  bool from_backend = false;  ///< in the other direction, as it arrives from the backend
  std::uint8_t flags = 2;
  std::uint32_t seq = 1000;
  std::uint32_t ack = 0;
  std::uint16_t payload = 0;  ///< bytes
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t id = 0;  ///< of IPv4, and of an IPv6 fragment header
  bool dont_fragment = true;
  std::uint8_t ip_options = 0;   ///< words of IPv4 options
  std::uint8_t tcp_options = 0;  ///< words
  std::uint16_t gso_size = 0;    ///< not XDP: one of several segments in the frame, that will be cut out of it later
  std::uint8_t data_offset = 0;  ///< words that the TCP header says it has; 0: as many as it has
  Sum sum = Sum::Right;
  std::uint16_t piece_begin = 0;  ///< the fragment [begin, end) of the segment, if `end` is not 0
  std::uint16_t piece_end = 0;
  std::vector<Extension> extensions{};
  // An ICMP error about the packet above, as the error's sender saw it: behind the gateway one of the client, in front
  // of it one of the backend. `ttl` and the rest of the IP header are then those of the error.
  std::int16_t icmp_type = -1;  ///< -1: the packet itself
  std::uint8_t icmp_code = 0;
  std::uint32_t icmp_rest = 0;
  std::uint16_t icmp_quote = 128;  ///< bytes, at most
  IpAddress icmp_source{};
  IpAddress icmp_target{};  ///< "::": the source of what is quoted
  // What is done to the frame in the end.
  Addressee addressee = Addressee::Us;
  std::int16_t longer = 0;  ///< added to the length that the IP header says
  std::uint16_t cut = 0;    ///< bytes taken off its end
  std::uint16_t pad = 0;    ///< bytes put to its end
  std::vector<Poke> pokes{};

  auto operator<=>(const Packet&) const = default;
};

using Step = std::variant<Change, Packet>;

struct Case {
  std::uint32_t flow_entries = 512;
  std::vector<Step> steps;
};

/// Calls visit(name, members...) for each field, in the order in which they are written, with that field of each
/// packet.
template <typename Visit, typename... Packets>
  requires(std::is_same_v<std::remove_const_t<Packets>, Packet> && ...)
void for_each_field(Visit visit, Packets&... packets) {
  visit("protocol", packets.protocol...);
  visit("client", packets.client...);
  visit("vip", packets.vip...);
  visit("from_backend", packets.from_backend...);
  visit("flags", packets.flags...);
  visit("seq", packets.seq...);
  visit("ack", packets.ack...);
  visit("payload", packets.payload...);
  visit("ttl", packets.ttl...);
  visit("tos", packets.tos...);
  visit("id", packets.id...);
  visit("dont_fragment", packets.dont_fragment...);
  visit("ip_options", packets.ip_options...);
  visit("tcp_options", packets.tcp_options...);
  visit("gso_size", packets.gso_size...);
  visit("data_offset", packets.data_offset...);
  visit("sum", packets.sum...);
  visit("piece_begin", packets.piece_begin...);
  visit("piece_end", packets.piece_end...);
  visit("extensions", packets.extensions...);
  visit("icmp_type", packets.icmp_type...);
  visit("icmp_code", packets.icmp_code...);
  visit("icmp_rest", packets.icmp_rest...);
  visit("icmp_quote", packets.icmp_quote...);
  visit("icmp_source", packets.icmp_source...);
  visit("icmp_target", packets.icmp_target...);
  visit("addressee", packets.addressee...);
  visit("longer", packets.longer...);
  visit("cut", packets.cut...);
  visit("pad", packets.pad...);
  visit("pokes", packets.pokes...);
}

template <typename Visit, typename... Admissions>
  requires(std::is_same_v<std::remove_const_t<Admissions>, Admission> && ...)
void for_each_field(Visit visit, Admissions&... admissions) {
  visit("allow", admissions.allow...);
  visit("deny", admissions.deny...);
  visit("rate", admissions.rate...);
  visit("source_rate", admissions.source_rate...);
  visit("max_connections", admissions.max_connections...);
}

std::string print(const Step& step);
std::string print(const Case& one);
/// An error names the line. Empty lines and those that begin with '#' are skipped.
Result<Case> parse_case(std::string_view text);

}  // namespace gw::differential
