// SPDX-License-Identifier: Apache-2.0
// A connection as the model sees it: one thing with two sides. What the flow tables hold follows from it.
#pragma once

#include "maps/flow.h"
#include "tests/differential/model/parse.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace gw::differential {

using testing::Mac;

enum class Side : std::uint8_t { Client, Backend };

/// Where one direction's packets leave. Valid as long as the configuration is of its generation.
struct Hop {
  std::uint32_t generation = 0;
  LinkName link = LinkName::In;
  Mac source{};
  Mac target{};
  std::uint32_t mtu = 0;  ///< of what we forward: inside of a tunnel
  bool xdp = false;
  bool peer = false;
};

/// What comes from one side.
struct Direction {
  Hop hop;
  /// TCP: the number behind the last byte it has sent; nothing if it was never heard.
  std::optional<std::uint32_t> end;
  /// TCP: what it has acknowledged, or before that: what it has to. 0 until there is anything: that is the number of a
  /// RST which answers a segment without ACK (RFC 9293, section 3.10.7.1).
  std::uint32_t acked = 0;
};

struct Connection {
  Tuple client;  ///< from the client to the VIP
  Tuple server;  ///< as it leaves for the backend; of a tunnel, the outer addresses
  Mode mode = Mode::Dnat;
  std::uint32_t backend = 0;
  std::uint32_t listener = 0;
  std::uint32_t created = 0;  ///< seconds
  std::size_t place = 0;      ///< where it was put in the ring of half-open connections
  bool is_counted = false;    ///< its listener had limits when it began
  gw_flow_state state = GW_FLOW_SYN_SENT;
  Direction from_client;
  Direction from_backend;

  /// With DSR the answers do not pass here.
  [[nodiscard]] bool hears_backend() const { return mode != Mode::Dsr && mode != Mode::Tunnel; }
  /// The backend sees the client, under the client's own port if it can be.
  [[nodiscard]] bool keeps_client() const { return mode == Mode::Dnat || mode == Mode::Local; }
  [[nodiscard]] Direction& from(Side side) { return side == Side::Client ? from_client : from_backend; }
  /// What a packet of that side becomes.
  [[nodiscard]] Tuple rewritten(Side side) const { return side == Side::Client ? server : client.reversed(); }
  [[nodiscard]] bool is_half_open() const { return state <= GW_FLOW_JOINED; }
};

/// The number behind a segment.
std::uint32_t end_of(const Segment& segment);
/// SYN, and neither ACK nor RST.
bool is_syn(const Segment& segment);
/// What may begin a connection: a SYN, any UDP datagram.
bool is_request(const Segment& segment);

/// Notes a packet that is forwarded: sequence numbers and state, by docs/design/0008.
void track(Connection& connection, Side side, const Segment& segment);

}  // namespace gw::differential
