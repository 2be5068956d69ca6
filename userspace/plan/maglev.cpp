// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/maglev.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "userspace/base/fnv.hpp"
#include "userspace/plan/digest.hpp"

namespace gw::plan {
namespace {

constexpr std::array<std::uint32_t, 5> kPrimes = {251, 1021, 4093, 16381, 65521};
constexpr std::size_t kSlotsPerEntry = 100;
constexpr std::uint32_t kUnfilled = UINT32_MAX;
/// Part of every table's hash. Another value for another way from entries to slots: tables in the kernel are then
/// replaced. Zero is for what is given slot by slot.
constexpr std::uint32_t kMethod = 1;
constexpr std::uint32_t kWritten = 0;

/// The finaliser of MurmurHash3 (64 bit) behind it: FNV alone leaves the high bits of short texts alike.
std::uint64_t hash_identity(const MaglevIdentity& identity, std::uint64_t seed) {
  Fnv fnv(seed);
  fnv.add(identity);
  std::uint64_t hash = fnv.value();
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ hash >> 33;
}

/// An entry's walk through the slots: offset, offset + skip, offset + 2 * skip, ... visits each once, the number of
/// slots being prime.
class Walk {
 public:
  Walk(const MaglevIdentity& identity, std::uint32_t slots)
      : slots_(slots),
        position_(static_cast<std::uint32_t>(hash_identity(identity, 0) % slots)),
        skip_(static_cast<std::uint32_t>(hash_identity(identity, 0x9e3779b97f4a7c15ULL) % (slots - 1) + 1)) {}

  std::uint32_t next() {
    const std::uint32_t current = position_;
    position_ += skip_;  // both below 2^16
    if (position_ >= slots_) position_ -= slots_;
    return current;
  }

 private:
  std::uint32_t slots_;
  std::uint32_t position_;
  std::uint32_t skip_;
};

/// As many entries as slots at most.
MaglevTable build(std::span<const MaglevEntry> entries, std::uint32_t slots) {
  // NOLINTNEXTLINE(modernize-return-braced-init-list): in braces it would be a table of these two
  if (entries.size() == 1) return MaglevTable(slots, entries.front().backend_id);
  std::vector<Walk> walks;
  walks.reserve(entries.size());
  for (const auto& entry : entries) walks.emplace_back(entry.identity, slots);

  MaglevTable table(slots, kUnfilled);
  std::size_t turn = 0;
  for (std::uint32_t filled = 0; filled < slots; ++filled) {
    std::uint32_t slot = walks[turn].next();
    while (table[slot] != kUnfilled) slot = walks[turn].next();
    table[slot] = entries[turn].backend_id;
    if (++turn == entries.size()) turn = 0;
  }
  return table;
}

}  // namespace

MaglevIdentity identity_of(const gw_backend& backend) {
  MaglevIdentity identity{};
  std::memcpy(identity.data(), &backend.addr, sizeof(backend.addr));
  std::memcpy(identity.data() + sizeof(backend.addr), &backend.port, sizeof(backend.port));
  return identity;
}

std::uint32_t table_size(std::size_t entries) {
  if (entries <= 1) return 1;
  const auto fits = [entries](std::uint32_t prime) { return prime >= entries * kSlotsPerEntry; };
  const auto* const size = std::ranges::find_if(kPrimes, fits);
  return size == kPrimes.end() ? kPrimes.back() : *size;
}

Table Table::of_entries(std::vector<MaglevEntry> entries) {
  Table table;
  if (entries.empty()) return table;
  std::ranges::sort(entries);
  entries.erase(std::ranges::unique(entries, {}, &MaglevEntry::identity).begin(), entries.end());
  table.size_ = table_size(entries.size());
  if (entries.size() > table.size_) entries.resize(table.size_);
  Digest hash;
  hash.add(kMethod);
  for (const auto& entry : entries) {
    hash.add(entry.identity);
    hash.add(entry.backend_id);
  }
  table.hash_ = hash.value();
  table.entries_ = std::move(entries);
  return table;
}

Table::Table(MaglevTable slots) : size_(static_cast<std::uint32_t>(slots.size())) {
  Digest hash;
  hash.add(kWritten);
  for (const std::uint32_t id : slots) hash.add(id);
  hash_ = hash.value();
  written_ = std::move(slots);
}

MaglevTable Table::slots() const { return entries_.empty() ? written_.items() : build(entries_.items(), size_); }

}  // namespace gw::plan
