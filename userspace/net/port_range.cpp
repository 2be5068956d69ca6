// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/port_range.hpp"

#include <sstream>

#include "userspace/net/sysctl.hpp"

namespace gw::net {
namespace {

constexpr int kFirstUnprivileged = 1024;
constexpr int kLastPort = 65535;

}  // namespace

Result<PortRange> host_ephemeral_ports() {
  const auto line = read_sysctl("/proc/sys/net/ipv4/ip_local_port_range");
  if (!line) return fail(line.error());
  std::istringstream words(*line);
  PortRange range;
  if (!(words >> range.first >> range.last)) return fail("net.ipv4.ip_local_port_range is not two numbers: " + *line);
  return range;
}

std::optional<PortRange> nat_ports(PortRange ephemeral) {
  const int below = ephemeral.first - kFirstUnprivileged;
  const int above = kLastPort - ephemeral.last;
  if (below <= 0 && above <= 0) return std::nullopt;
  if (below >= above) return PortRange{kFirstUnprivileged, static_cast<std::uint16_t>(ephemeral.first - 1)};
  return PortRange{static_cast<std::uint16_t>(ephemeral.last + 1), static_cast<std::uint16_t>(kLastPort)};
}

}  // namespace gw::net
