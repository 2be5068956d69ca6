// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/plan.hpp"

#include <algorithm>

namespace gw::plan {

bool operator==(const PlacedListener& a, const PlacedListener& b) {
  return a.gateway_group == b.gateway_group && a.listener == b.listener &&
         std::ranges::equal(a.keys, b.keys, maps::bytes_equal<gw_listener_key>);
}

std::uint64_t table_hash(const MaglevTable& table) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (std::uint32_t id : table) {
    for (int byte = 0; byte < 4; ++byte, id >>= 8) {
      hash ^= id & 0xff;
      hash *= 0x100000001b3ULL;
    }
  }
  return hash;
}

}  // namespace gw::plan
