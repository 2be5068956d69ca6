// SPDX-License-Identifier: Apache-2.0
// IP forwarding on a link. bpf_fib_lookup() refuses packets that came in by a link on which it is off.
#pragma once

#include "userspace/base/error.hpp"

#include <string>
#include <vector>

namespace gw::net {

struct SysctlChange {
  std::string sysctl;  ///< "net.ipv4.conf.eth0.forwarding"
  std::string before;
  std::string after;
};

/// Switches IPv4 and IPv6 forwarding on for one link of the calling thread's network namespace; returns what was
/// changed. A link that learns routes from router advertisements keeps doing so (accept_ra 1 becomes 2, since
/// forwarding would otherwise switch it off: Documentation/networking/ip-sysctl.rst). A kernel without IPv6 is no
/// error.
Result<std::vector<SysctlChange>> enable_forwarding(const std::string& link);

}  // namespace gw::net
