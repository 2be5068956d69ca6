// SPDX-License-Identifier: Apache-2.0
// What health checks have found, as an input of `compile`: equal values give equal plans.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/health_check.hpp"

#include <cstdint>
#include <map>
#include <set>

namespace gw::plan {

struct Health {
  std::set<CheckTarget> unhealthy;  ///< by active checks
  /// By passive checks; the value grows from one ejection to the next.
  std::map<gw_backend_health_key, std::uint64_t, maps::BytesLess> ejected;

  bool operator==(const Health& other) const;
};

}  // namespace gw::plan
