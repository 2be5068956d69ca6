// SPDX-License-Identifier: Apache-2.0
// Maglev consistent hashing (Eisenbud et al., NSDI 2016, section 3.4) over equal entries.
#pragma once

#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::compile {

struct MaglevEntry {
  std::uint32_t backend_id = 0;  ///< what the slots will hold
  std::string identity;  ///< what the permutation is derived from; unique; never the id, which is this node's own
};

/// The number of slots for that many entries: 1 for one; otherwise a prime, at least 100 times the entries (within the
/// bounds of the sizes we use), so that the entries' parts are equal to about 1 %.
std::uint32_t table_size(std::size_t entries);

/// The table; empty if there are no entries. The slots of two entries differ by one at most. The order of `entries`
/// does not matter. Of more entries than slots, those that come first by identity are used.
plan::MaglevTable build_table(const std::vector<MaglevEntry>& entries, std::uint32_t slots);

}  // namespace gw::compile
