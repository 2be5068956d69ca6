// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/connection.hpp"

#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

using testing::kAck;
using testing::kFin;
using testing::kRst;
using testing::kSyn;

/// More than any window in use: what is further ahead is no part of the stream.
constexpr std::uint32_t kAhead = 1U << 24;
/// A handshake is complete with an acknowledgement within the 64 KiB behind the backend's SYN.
constexpr std::uint32_t kHandshakeAhead = 0xffff;

/// How far `number` is ahead of `from`, modulo 2^32.
std::uint32_t ahead(std::uint32_t number, std::uint32_t from) { return number - from; }

void note_numbers(Direction& direction, gw_flow_state state, const Segment& segment) {
  if (segment.has(kRst)) return;
  const std::uint32_t end = end_of(segment);
  // A client that got no answer may try again under the same port, with numbers of its own.
  const bool is_first = !direction.end || (state == GW_FLOW_SYN_SENT && is_syn(segment));
  if (is_first || (end != *direction.end && ahead(end, *direction.end) <= kAhead)) direction.end = end;
  // Until the handshake is complete, each side's `acked` is what it has to acknowledge.
  if (segment.has(kAck) && state != GW_FLOW_SYN_RECEIVED) direction.acked = segment.ack;
}

/// Whether `number` stands between what the other side has acknowledged and what this side has sent.
bool is_in_sequence(Connection& connection, Side side, std::uint32_t number) {
  if (!connection.hears_backend()) return true;  // the other side is never heard
  const Direction& own = connection.from(side);
  const Direction& other = connection.from(side == Side::Client ? Side::Backend : Side::Client);
  const std::uint32_t distance = ahead(number, other.acked);
  return distance <= kAhead && (!own.end || distance <= ahead(*own.end, other.acked));
}

bool reset_counts(Connection& connection, Side side, const Segment& segment) {
  // The refusal of a SYN proves itself by what it acknowledges (RFC 9293, section 3.10.7.3).
  if (connection.state == GW_FLOW_SYN_SENT && connection.hears_backend()) {
    const std::uint32_t sent = connection.from_client.end.value_or(0);
    return side == Side::Client ? segment.seq == sent : segment.has(kAck) && segment.ack == sent;
  }
  return is_in_sequence(connection, side, segment.seq);
}

/// What the segment makes of a connection that is being opened.
gw_flow_state opened(const Connection& connection, Side side, const Segment& segment) {
  const bool has_syn = segment.has(kSyn);
  switch (connection.state) {
    case GW_FLOW_SYN_SENT:
      if (side == Side::Backend && has_syn) return GW_FLOW_SYN_RECEIVED;
      // With DSR we hear one side only: its second segment has to do.
      if (!connection.hears_backend() && !has_syn) return GW_FLOW_ESTABLISHED;
      break;
    case GW_FLOW_SYN_RECEIVED:
      if (side == Side::Client && !has_syn && segment.has(kAck) &&
          ahead(segment.ack, connection.from_client.acked) <= kHandshakeAhead) {
        return GW_FLOW_ESTABLISHED;
      }
      break;
    case GW_FLOW_JOINED:
      if (side == Side::Backend) return GW_FLOW_ESTABLISHED;
      break;
    default: break;
  }
  return connection.state;
}

gw_flow_state after_fin(gw_flow_state state, Side side) {
  const auto own = side == Side::Client ? GW_FLOW_FIN_CLIENT : GW_FLOW_FIN_BACKEND;
  return state == GW_FLOW_ESTABLISHED || state == own ? own : GW_FLOW_CLOSED;
}

gw_flow_state next_state(Connection& connection, Side side, const Segment& segment) {
  if (segment.has(kRst)) return reset_counts(connection, side, segment) ? GW_FLOW_CLOSED : connection.state;
  const gw_flow_state state = opened(connection, side, segment);
  // A FIN does not make an open connection of a half-open one: whoever sends SYNs blindly can send it too.
  if (!segment.has(kFin) || state <= GW_FLOW_JOINED) return state;
  return is_in_sequence(connection, side, end_of(segment)) ? after_fin(state, side) : state;
}

}  // namespace

std::uint32_t end_of(const Segment& segment) {
  const auto payload = static_cast<std::uint32_t>(segment.l4_length - segment.l4_header);
  return segment.seq + payload + (segment.has(kSyn) ? 1U : 0U) + (segment.has(kFin) ? 1U : 0U);
}

bool is_syn(const Segment& segment) { return segment.has(kSyn) && !segment.has(kAck) && !segment.has(kRst); }

bool is_request(const Segment& segment) { return segment.is_udp() || is_syn(segment); }

void track(Connection& connection, Side side, const Segment& segment) {
  if (segment.piece == Piece::Later) return;
  if (segment.is_udp()) {
    if (connection.state == GW_FLOW_UDP_REQUEST && side == Side::Backend) connection.state = GW_FLOW_UDP_STREAM;
    return;
  }
  note_numbers(connection.from(side), connection.state, segment);
  const gw_flow_state state = next_state(connection, side, segment);
  if (state == GW_FLOW_SYN_RECEIVED && state != connection.state) connection.from_client.acked = end_of(segment);
  connection.state = state;
}

}  // namespace gw::differential
