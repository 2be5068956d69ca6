// SPDX-License-Identifier: Apache-2.0
// Stable numeric ids for named things. Restored from the pinned maps at start, so that a restarted
// agent gives everything the number it had, and a flow's ids keep their meaning.
#pragma once

#include "userspace/plan/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gw::plan {

/// Ids of one kind. Id 0 is never given out. Ids are handed out in ascending order and freed ids are
/// taken again only after the highest was reached, so that a number is not soon given a new meaning.
class IdSpace {
 public:
  explicit IdSpace(std::uint32_t max_id) : max_id_(max_id), used_(max_id + std::size_t{1}) {}

  /// Registers a pair that is already in the kernel. False, and nothing happens, if the key or the id is taken.
  bool restore(const std::string& key, std::uint32_t id);
  /// The key's id, a new one if it has none; 0 if no id is free.
  std::uint32_t acquire(const std::string& key);
  /// Forgets a key. Nothing happens if it has no id.
  void release(const std::string& key);
  /// Forgets every key for whose id `is_live` is false.
  template <typename IsLive>
  void release_unless(IsLive is_live) {
    std::erase_if(ids_, [&](const auto& entry) {
      if (is_live(entry.second)) return false;
      free(entry.second);
      return true;
    });
  }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

  bool operator==(const IdSpace&) const = default;

 private:
  void free(std::uint32_t id) {
    used_[id] = false;
    --used_count_;
  }

  std::uint32_t max_id_;
  std::uint32_t next_ = 1;
  std::uint32_t used_count_ = 0;
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::vector<bool> used_;  ///< by id
};

/// A value: `compile` takes one and returns the next.
struct IdTable {
  IdSpace listeners{GW_LISTENERS_MAX};  ///< key: listener_name()
  IdSpace services{GW_SERVICES_MAX};    ///< key: the IR's service name and the family
  IdSpace backends{GW_BACKENDS_MAX};    ///< key: backend_key()

  /// The ids that the kernel's maps hold.
  static IdTable restore(const Observed& observed);
  /// Holds the ids of those that drain, so that one that comes back finds its flows. Returns those that it did not
  /// know, id and key.
  std::vector<std::pair<std::uint32_t, std::string>> keep_draining(const BackendMap& observed);
  /// The identity of a backend is its value, as bytes, but for draining and health: two that differ in anything else
  /// are two.
  static std::string backend_key(const gw_backend& backend);

  bool operator==(const IdTable&) const = default;
};

}  // namespace gw::plan
