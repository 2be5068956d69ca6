// SPDX-License-Identifier: Apache-2.0
// Neighbours in use by the data path, which the kernel does not see using them.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/next_hop.hpp"

#include <set>

namespace gw::net {

/// Has the kernel find out whether the neighbours at `used` are still there, where it does not know (NUD_STALE). It
/// does so by itself for a neighbour that it sends to (RFC 4861, section 7.3; arp(7)), but our programs send without
/// it: a host that moves to another MAC address in silence would be lost for good. Neighbours of the calling thread's
/// network namespace.
Result<> confirm_neighbours(const std::set<NextHop>& used);

}  // namespace gw::net
