// SPDX-License-Identifier: Apache-2.0
// Private to compile/: which of a backendRef's backends new connections go to (docs/design/0018).
#pragma once

#include "userspace/compile/service.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/plan/health.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <vector>

namespace gw::compile {

/// The backends of a backendRef, of one family, that are in the service.
struct Candidates {
  const ir::WeightedBackends& ref;
  struct Backend {
    const ir::Endpoint* endpoint;
    std::uint32_t id;
  };
  std::vector<Backend> backends;
};

/// The ids of those that are healthy, or of all if too few are. Notes in the service which backends are to be watched,
/// what is known of each, and what a user should know.
std::vector<std::uint32_t> choose_healthy(const Candidates& candidates, const plan::Health& health,
                                          CompiledService& service);

/// Whether health checks have a say in it.
bool is_checked(const ir::WeightedBackends& ref);

/// What several Services want of one endpoint: the strictest.
plan::Watch combine(plan::Watch a, const plan::Watch& b);

}  // namespace gw::compile
