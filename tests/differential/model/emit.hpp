// SPDX-License-Identifier: Apache-2.0
// The frames that leave. Checksums are computed from scratch; one that arrived wrong leaves as wrong as it was, which
// is the other half of what incremental updates promise (RFC 1624).
#pragma once

#include "tests/differential/model/connection.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace gw::differential {

struct Frame {
  Bytes bytes;
  /// Offsets of checksum fields that were wrong and are now zero, in either of its forms.
  std::vector<std::size_t> zeros;
};

/// The packet as `connection` rewrites it. Without a hop the MAC addresses stay: the kernel will write them.
Frame forwarded(const Bytes& frame, const Segment& segment, const Connection& connection, Side side, const Hop* hop);

/// The ICMP error, and what it quotes, as they are on the other side: it travels in the direction of packets from
/// `side`.
Frame translated(const Bytes& frame, const IcmpError& error, const Connection& connection, Side side, const Hop* hop);

/// The RST that answers the segment; nothing if none may.
std::optional<Frame> reset_for(const Bytes& frame, const Segment& segment);

/// Our own ICMP error: too long for `mtu`, or out of time without one. Nothing if the packet may not be answered.
std::optional<Frame> error_about(const Bytes& frame, const Segment& segment, std::optional<std::uint32_t> mtu);

}  // namespace gw::differential
