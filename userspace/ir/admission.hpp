// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "userspace/base/ip.hpp"

#include <cstdint>
#include <vector>

namespace gw::ir {

/// Which new connections are let in. 0 and empty: no limit.
struct Admission {
  std::vector<IpPrefix> allow = {};  ///< not empty: what is in none of them is denied
  std::vector<IpPrefix> deny = {};   ///< of ranges that hold a source the longest decides; of equal ones this
  std::uint32_t rate = 0;            ///< connections per second
  std::uint32_t source_rate = 0;     ///< connections per second of one address (IPv6: of one /64)
  std::uint32_t max_connections = 0;

  bool operator==(const Admission&) const = default;
};

}  // namespace gw::ir
