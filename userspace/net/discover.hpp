// SPDX-License-Identifier: Apache-2.0
// Reads the Topology of the calling thread's network namespace from rtnetlink.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/net/topology.hpp"

#include <string>

namespace gw::net {

/// Links, addresses, rules and the unicast routes of all tables; of a multipath route its first hop.
Result<Topology> discover(const std::string& node_name);

}  // namespace gw::net
