// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/tables.hpp"

#include <algorithm>

namespace gw::plan {
namespace {

/// Of each size that is in use: so many spares are made, and so many are kept.
constexpr std::size_t kSpares = 2;
constexpr std::size_t kMostSpares = 4;

}  // namespace

void ObservedTables::add(std::uint32_t id, std::uint32_t slots) {
  tables_.set(id, {.slots = slots});
  unused_[slots].insert(id);
  while (tables_.contains(lowest_free_)) ++lowest_free_;
}

void ObservedTables::remove(std::uint32_t id) {
  const Entry* const entry = tables_.get(id);
  if (entry == nullptr) return;
  forget_content(id, *entry);
  unused_[entry->slots].erase(id);
  resting_.erase(id);
  tables_.erase(id);
  lowest_free_ = std::min(lowest_free_, id);
}

void ObservedTables::fill(std::uint32_t id, std::uint64_t hash) {
  Entry& entry = tables_[id];
  note_content(id, entry, entry.slots, hash);
}

void ObservedTables::note_content(std::uint32_t id, Entry& entry, std::uint32_t slots, std::uint64_t hash) {
  forget_content(id, entry);
  entry.slots = slots;
  entry.hash = hash;
  by_content_.emplace({slots, hash}, id);
}

void ObservedTables::forget_content(std::uint32_t id, const Entry& entry) {
  const std::uint32_t* const known = by_content_.get({entry.slots, entry.hash});
  if (known != nullptr && *known == id) by_content_.erase({entry.slots, entry.hash});
}

void ObservedTables::use(const gw_share& share) {
  if (share.slots == 0 || !tables_.contains(share.table_id)) return;
  Entry& entry = tables_[share.table_id];
  if (entry.uses == 0) {
    unused_[entry.slots].erase(share.table_id);
    resting_.erase(share.table_id);
    note_content(share.table_id, entry, share.slots, share.table_hash);
    ++in_use_[entry.slots];
  }
  ++entry.uses;
}

void ObservedTables::leave(std::uint32_t id) {
  if (!tables_.contains(id)) return;
  Entry& entry = tables_[id];
  if (entry.uses == 0) return;
  --entry.uses;
  if (entry.uses != 0) return;
  if (--in_use_[entry.slots] == 0) in_use_.erase(entry.slots);
  resting_[id] = ++clock_;
}

void ObservedTables::exchange(const gw_service* before, const gw_service* after) {
  // First the new one: what both use is not left in between.
  if (after != nullptr) {
    for (const gw_share& share : after->share) use(share);
  }
  if (before == nullptr) return;
  for (const gw_share& share : before->share) {
    if (share.slots != 0) leave(share.table_id);
  }
}

void ObservedTables::hold(std::uint32_t id) {
  const Entry* const entry = tables_.get(id);
  if (entry == nullptr || entry->uses != 0) return;
  unused_[entry->slots].erase(id);
  resting_.erase(id);
}

void ObservedTables::end_grace(std::uint64_t time) {
  std::erase_if(resting_, [&](const auto& resting) {
    if (resting.second > time) return false;
    unused_[tables_.at(resting.first).slots].insert(resting.first);
    return true;
  });
}

std::optional<std::uint32_t> ObservedTables::find(std::uint32_t slots, std::uint64_t hash) const {
  const std::uint32_t* const id = by_content_.get({slots, hash});
  return id == nullptr ? std::nullopt : std::optional(*id);
}

std::optional<std::uint32_t> ObservedTables::spare(std::uint32_t slots) const {
  const auto of_size = unused_.find(slots);
  if (slots == 0 || of_size == unused_.end() || of_size->second.empty()) return std::nullopt;
  return *of_size->second.begin();
}

std::map<std::uint32_t, std::size_t> ObservedTables::wanted_spares() const {
  std::map<std::uint32_t, std::size_t> there;
  for (const auto& [slots, ids] : unused_) there[slots] = ids.size();
  for (const auto& [id, since] : resting_) ++there[tables_.at(id).slots];
  std::map<std::uint32_t, std::size_t> wanted;
  for (const auto& [slots, tables] : in_use_) {
    if (there[slots] < kSpares) wanted[slots] = kSpares - there[slots];
  }
  return wanted;
}

std::vector<std::uint32_t> ObservedTables::surplus() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [slots, unused] : unused_) {
    const std::size_t kept = in_use_.contains(slots) ? std::min(kMostSpares, unused.size()) : 0;
    ids.insert(ids.end(), std::next(unused.begin(), static_cast<std::ptrdiff_t>(kept)), unused.end());
  }
  return ids;
}

}  // namespace gw::plan
