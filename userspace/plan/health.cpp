// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/health.hpp"

#include <algorithm>

namespace gw::plan {

bool Health::operator==(const Health& other) const {
  return unhealthy == other.unhealthy && std::ranges::equal(ejected, other.ejected, [](const auto& a, const auto& b) {
           return maps::bytes_equal(a.first, b.first) && a.second == b.second;
         });
}

}  // namespace gw::plan
