// SPDX-License-Identifier: Apache-2.0
// Private to compile/: which of a backendRef's backends new connections go to (docs/design/0018).
#pragma once

#include "userspace/ir/config.hpp"
#include "userspace/plan/health.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace gw::compile {

/// The backends of a backendRef, of one family, that are in the plan.
struct Candidates {
  const ir::WeightedBackends& ref;
  struct Backend {
    const ir::Endpoint* endpoint;
    std::uint32_t id;
  };
  std::vector<Backend> backends;
};

/// The ids of those that are healthy, or of all if too few are. Notes in the plan which backends are to be watched and
/// what is known of each; what a user should know goes into `warnings`.
std::vector<std::uint32_t> choose_healthy(const Candidates& candidates, const plan::Health& health, plan::Plan& plan,
                                          std::set<std::string>& warnings);

}  // namespace gw::compile
