// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/maglev.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

namespace gw::compile {
namespace {

constexpr std::array<std::uint32_t, 4> kPrimes = {1021, 4093, 16381, 65521};
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

/// Slots for each entry: the whole part of its share, at least one, and the rest by largest remainder.
std::vector<std::uint32_t> quotas(const std::vector<const MaglevEntry*>& entries, std::uint32_t slots) {
  double total = 0;
  for (const auto* entry : entries) total += entry->share;
  std::vector<std::uint32_t> quota(entries.size());
  std::vector<double> remainder(entries.size());
  std::int64_t rest = slots;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const double exact = entries[i]->share / total * slots;
    quota[i] = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(exact));
    remainder[i] = exact - quota[i];
    rest -= quota[i];
  }
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
  for (std::size_t i = 0; rest > 0; i = (i + 1) % order.size(), --rest) ++quota[order[i]];
  // Entries that were raised to one slot took it from those that have the most.
  for (; rest < 0; ++rest) --*std::ranges::max_element(quota);
  return quota;
}

}  // namespace

std::uint32_t table_size(std::size_t entries) {
  const auto fits = [entries](std::uint32_t prime) { return prime >= entries * kSlotsPerEntry; };
  const auto* const size = std::ranges::find_if(kPrimes, fits);
  return size == kPrimes.end() ? kPrimes.back() : *size;
}

plan::MaglevTable build_table(const std::vector<MaglevEntry>& entries, std::uint32_t slots) {
  std::vector<const MaglevEntry*> sharing;
  for (const auto& entry : entries) {
    if (entry.share > 0) sharing.push_back(&entry);
  }
  if (sharing.empty()) return {};
  std::ranges::sort(sharing, {}, &MaglevEntry::identity);
  if (sharing.size() > slots) sharing.resize(slots);
  std::vector<std::uint32_t> left = quotas(sharing, slots);
  std::vector<Walk> walks;
  walks.reserve(sharing.size());
  for (const auto* entry : sharing) walks.emplace_back(entry->identity, slots);

  plan::MaglevTable table(slots, kUnfilled);
  for (std::uint32_t filled = 0; filled < slots;) {
    for (std::size_t i = 0; i < sharing.size() && filled < slots; ++i) {
      if (left[i] == 0) continue;
      std::uint32_t slot = walks[i].next();
      while (table[slot] != kUnfilled) slot = walks[i].next();
      table[slot] = sharing[i]->backend_id;
      --left[i];
      ++filled;
    }
  }
  return table;
}

}  // namespace gw::compile
