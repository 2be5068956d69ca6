// SPDX-License-Identifier: Apache-2.0
// Private to compile/: one endpoint -> how the programs reach it.
#pragma once

#include "userspace/ir/config.hpp"
#include "userspace/net/topology.hpp"
#include "userspace/plan/plan.hpp"

#include <string>
#include <variant>

namespace gw::compile {

/// The backend for an endpoint, or the sentence that says why it cannot be reached that way. Draining is not filled in.
std::variant<gw_backend, std::string> make_backend(const ir::Endpoint& endpoint, const ir::Upstream& upstream,
                                                   const net::Topology& topology);

}  // namespace gw::compile
