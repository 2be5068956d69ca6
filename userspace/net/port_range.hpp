// SPDX-License-Identifier: Apache-2.0
// Port ranges: which source ports full NAT may use without meeting the host's own connections.
#pragma once

#include "userspace/base/error.hpp"

#include <cstdint>
#include <optional>

namespace gw::net {

/// Inclusive, host byte order.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool operator==(const PortRange&) const = default;
};

/// net.ipv4.ip_local_port_range of the calling thread's network namespace: the ports of the host's own connections.
Result<PortRange> host_ephemeral_ports();

/// The largest span of 1024..65535 outside of `ephemeral`; none if it leaves nothing.
std::optional<PortRange> nat_ports(PortRange ephemeral);

}  // namespace gw::net
