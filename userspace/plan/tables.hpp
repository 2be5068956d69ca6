// SPDX-License-Identifier: Apache-2.0
// The Maglev tables in gw_maglev, as far as the services tell: which there are, what they hold, which nobody uses.
//
// Every change of the outer map makes the kernel wait until no program is running that may have seen the old one: 10 to
// 20 ms, in which the change does not reach anybody. Therefore some tables that nobody uses, spares, stay there to be
// filled by the next change, which needs no such wait (docs/design/0017).
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/shared_map.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace gw::plan {

class ObservedTables {
 public:
  /// A table of that many slots; 0 if it is not known, as of one that a crash left behind.
  void add(std::uint32_t id, std::uint32_t slots);
  void remove(std::uint32_t id);
  /// It holds something else now.
  void fill(std::uint32_t id, std::uint64_t hash);
  /// A service has changed; null where there is none. What it says of its tables' sizes and contents is believed.
  void exchange(const gw_service* before, const gw_service* after);
  /// Keeps a table that a service is about to point to from being a spare.
  void hold(std::uint32_t id);
  /// What lies before now, for end_grace().
  [[nodiscard]] std::uint64_t now() const { return clock_; }
  /// No program is running any more that may have seen a service as it was before `time`.
  void end_grace(std::uint64_t time);

  [[nodiscard]] bool contains(std::uint32_t id) const { return tables_.contains(id); }
  [[nodiscard]] std::size_t size() const { return tables_.size(); }
  [[nodiscard]] bool empty() const { return tables_.empty(); }
  /// The table with that content.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t slots, std::uint64_t hash) const;
  /// One of that size that may be filled.
  [[nodiscard]] std::optional<std::uint32_t> spare(std::uint32_t slots) const;
  /// The lowest id that no table has.
  [[nodiscard]] std::uint32_t free_id() const { return lowest_free_; }
  /// Some table that nobody uses must wait for end_grace().
  [[nodiscard]] bool has_resting() const { return !resting_.empty(); }

  /// How many of each size should be added, so that changes find spares.
  [[nodiscard]] std::map<std::uint32_t, std::size_t> wanted_spares() const;
  /// Tables that nobody will need.
  [[nodiscard]] std::vector<std::uint32_t> surplus() const;

 private:
  struct Entry {
    std::uint32_t slots = 0;
    std::uint32_t uses = 0;  ///< shares that point to it
    std::uint64_t hash = 0;  ///< 0: holds nothing that anybody could want
    bool operator==(const Entry&) const = default;
  };
  struct Content {
    std::uint32_t slots;
    std::uint64_t hash;
    auto operator<=>(const Content&) const = default;
  };
  void use(const gw_share& share);
  void leave(std::uint32_t id);
  void note_content(std::uint32_t id, Entry& entry, std::uint32_t slots, std::uint64_t hash);
  void forget_content(std::uint32_t id, const Entry& entry);

  SharedMap<std::uint32_t, Entry> tables_;
  SharedMap<Content, std::uint32_t> by_content_;
  std::map<std::uint32_t, std::size_t> in_use_;              ///< slots -> tables that somebody uses
  std::map<std::uint32_t, std::set<std::uint32_t>> unused_;  ///< slots -> tables that may be filled or removed
  std::map<std::uint32_t, std::uint64_t> resting_;  ///< tables that a program may still be reading -> since when
  std::uint64_t clock_ = 0;                         ///< tables that came to rest so far
  std::uint32_t lowest_free_ = 1;
};

}  // namespace gw::plan
