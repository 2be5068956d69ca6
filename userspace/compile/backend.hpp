// SPDX-License-Identifier: Apache-2.0
// Private to compile/: one endpoint -> how the programs reach it.
#pragma once

#include "userspace/ir/config.hpp"
#include "userspace/net/routing.hpp"
#include "userspace/plan/plan.hpp"

#include <string>
#include <variant>

namespace gw::compile {

/// The backend for an endpoint, or the sentence that says why it cannot be reached that way. Draining is not filled in.
std::variant<gw_backend, std::string> make_backend(const ir::Endpoint& endpoint, const ir::Upstream& upstream,
                                                   const std::string& node_name, const net::Routing& routing);

/// One backend that several refs have: of what they may differ in, the longer draining holds, and what one of them
/// knows of its health.
gw_backend combine(gw_backend a, const gw_backend& b);

}  // namespace gw::compile
