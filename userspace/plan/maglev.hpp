// SPDX-License-Identifier: Apache-2.0
// Maglev consistent hashing (Eisenbud et al., NSDI 2016, section 3.4) over equal entries.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/shared_list.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace gw::plan {

/// Slot -> backend id (GW_BACKEND_REJECT for a rejected share).
using MaglevTable = std::vector<std::uint32_t>;

/// What an entry's permutation is derived from, the same on all nodes: address (16 bytes) and port, in network order.
/// Never the id, or our own address towards the backend.
using MaglevIdentity = std::array<std::uint8_t, sizeof(gw_addr) + sizeof(std::uint16_t)>;
MaglevIdentity identity_of(const gw_backend& backend);

struct MaglevEntry {
  MaglevIdentity identity{};
  std::uint32_t backend_id = 0;  ///< what the slots will hold

  auto operator<=>(const MaglevEntry&) const = default;
};

/// The number of slots for that many entries: 1 for one; otherwise a prime, at least 100 times the entries (within the
/// bounds of the sizes we use), so that the entries' parts are equal to about 1 %.
std::uint32_t table_size(std::size_t entries);

/// The table of a share, as what it follows from: slots() makes it. A plan holds thousands of them, and most are in the
/// kernel already. Copies share their content.
class Table {
 public:
  /// Without slots: nothing is there.
  Table() = default;
  /// Slots of two entries differ by one at most. The order of `entries` does not matter, and of those with one identity
  /// one counts. Of more entries than slots, those that come first by identity are used.
  static Table of_entries(std::vector<MaglevEntry> entries);
  /// One that is given slot by slot.
  Table(MaglevTable slots);  // NOLINT(google-explicit-constructor): the same thing, written out
  Table(std::initializer_list<std::uint32_t> slots) : Table(MaglevTable(slots)) {}

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// gw_share.table_hash: of two tables with as many slots, equal only if all slots are. Teams choose their endpoints;
  /// none can choose some whose table would be taken for another team's.
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] MaglevTable slots() const;

  bool operator==(const Table& other) const = default;

 private:
  std::uint32_t size_ = 0;
  std::uint64_t hash_ = 0;
  SharedList<MaglevEntry> entries_;  ///< by identity; empty if `written_` is not
  SharedList<std::uint32_t> written_;
};

}  // namespace gw::plan
