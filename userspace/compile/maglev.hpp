// SPDX-License-Identifier: Apache-2.0
// Maglev consistent hashing (Eisenbud et al., NSDI 2016, section 3.4) with weights.
#pragma once

#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::compile {

/// Something that takes a share of the slots.
struct MaglevEntry {
  std::uint32_t backend_id = 0;  ///< what the slots will hold
  std::string identity;  ///< what the permutation is derived from; unique; never the id, which is this node's own
  /// Share of the slots, relative to the other entries' (any unit). 0 gets no slot.
  double share = 0;
};

/// The number of slots for that many entries: a prime, at least 100 times the entries (within the bounds
/// of the sizes we use), so that shares are exact to about 1 %.
std::uint32_t table_size(std::size_t entries);

/// The table. Empty if no entry has a share. Slots per entry follow the shares by largest remainder; every
/// entry with a share has at least one slot. The order of `entries` does not matter.
plan::MaglevTable build_table(const std::vector<MaglevEntry>& entries, std::uint32_t slots);

}  // namespace gw::compile
