// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/maglev.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace gw::compile {
namespace {

constexpr std::array<std::uint32_t, 5> kPrimes = {251, 1021, 4093, 16381, 65521};
constexpr std::size_t kSlotsPerEntry = 100;
constexpr std::uint32_t kUnfilled = UINT32_MAX;

/// FNV-1a, then the finaliser of MurmurHash3 (64 bit): FNV alone leaves the high bits of short texts alike.
std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char character : text) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 0x100000001b3ULL;
  }
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
  Walk(const std::string& identity, std::uint32_t slots)
      : slots_(slots),
        position_(static_cast<std::uint32_t>(hash_text(identity, 0) % slots)),
        skip_(static_cast<std::uint32_t>(hash_text(identity, 0x9e3779b97f4a7c15ULL) % (slots - 1) + 1)) {}

  std::uint32_t next() {
    const std::uint32_t current = position_;
    position_ = static_cast<std::uint32_t>((static_cast<std::uint64_t>(position_) + skip_) % slots_);
    return current;
  }

 private:
  std::uint32_t slots_;
  std::uint32_t position_;
  std::uint32_t skip_;
};

}  // namespace

std::uint32_t table_size(std::size_t entries) {
  if (entries <= 1) return 1;
  const auto fits = [entries](std::uint32_t prime) { return prime >= entries * kSlotsPerEntry; };
  const auto* const size = std::ranges::find_if(kPrimes, fits);
  return size == kPrimes.end() ? kPrimes.back() : *size;
}

plan::MaglevTable build_table(const std::vector<MaglevEntry>& entries, std::uint32_t slots) {
  if (entries.empty()) return {};
  std::vector<const MaglevEntry*> sharing;
  sharing.reserve(entries.size());
  for (const auto& entry : entries) sharing.push_back(&entry);
  std::ranges::sort(sharing, {}, &MaglevEntry::identity);
  if (sharing.size() > slots) sharing.resize(slots);
  if (sharing.size() == 1) return plan::MaglevTable(slots, sharing.front()->backend_id);
  std::vector<Walk> walks;
  walks.reserve(sharing.size());
  for (const auto* entry : sharing) walks.emplace_back(entry->identity, slots);

  plan::MaglevTable table(slots, kUnfilled);
  for (std::uint32_t filled = 0; filled < slots; ++filled) {
    const std::size_t turn = filled % sharing.size();
    std::uint32_t slot = walks[turn].next();
    while (table[slot] != kUnfilled) slot = walks[turn].next();
    table[slot] = sharing[turn]->backend_id;
  }
  return table;
}

}  // namespace gw::compile
