// SPDX-License-Identifier: Apache-2.0
// Stable numeric ids for named things. Restored from the pinned maps at start, so that a restarted
// agent gives everything the number it had, and a flow's ids keep their meaning.
#pragma once

#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace gw::plan {

/// Ids of one kind. Id 0 is never given out. Ids are handed out in ascending order and freed ids are
/// taken again only after the highest was reached, so that a number is not soon given a new meaning.
class IdSpace {
 public:
  explicit IdSpace(std::uint32_t max_id) : max_id_(max_id) {}

  /// Registers a pair that is already in the kernel. Ignored if the key or the id is taken.
  void restore(const std::string& key, std::uint32_t id);
  /// The key's id, a new one if it has none; 0 if no id is free.
  std::uint32_t acquire(const std::string& key);
  /// Forgets every key that is not in `live`.
  void release_all_but(const std::set<std::string>& live);
  [[nodiscard]] const std::map<std::string, std::uint32_t>& entries() const { return ids_; }

  bool operator==(const IdSpace&) const = default;

 private:
  std::uint32_t max_id_;
  std::uint32_t next_ = 1;
  std::map<std::string, std::uint32_t> ids_;
  std::set<std::uint32_t> used_;
};

/// A value: `compile` takes one and returns the next.
struct IdTable {
  IdSpace listeners{GW_LISTENERS_MAX};  ///< key: listener_name()
  IdSpace services{GW_SERVICES_MAX};    ///< key: the IR's service name and the family
  IdSpace backends{GW_BACKENDS_MAX};    ///< key: backend_key()

  /// The ids that the kernel's maps hold.
  static IdTable restore(const Observed& observed);
  /// Holds the ids of those that drain, so that one that comes back finds its flows.
  void keep_draining(const BackendMap& observed);
  /// The identity of a backend is its value, as bytes, but for draining and health: two that differ in anything else
  /// are two.
  static std::string backend_key(const gw_backend& backend);

  bool operator==(const IdTable&) const = default;
};

}  // namespace gw::plan
