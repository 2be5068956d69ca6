// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/maglev.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace gw::compile {
namespace {

std::vector<MaglevEntry> entries(std::size_t number, std::uint32_t first_id = 1) {
  std::vector<MaglevEntry> made;
  for (std::size_t i = 0; i < number; ++i) {
    made.push_back({static_cast<std::uint32_t>(first_id + i), "10.0.0." + std::to_string(i)});
  }
  return made;
}

std::map<std::uint32_t, std::size_t> count(const plan::MaglevTable& table) {
  std::map<std::uint32_t, std::size_t> slots;
  for (const std::uint32_t id : table) ++slots[id];
  return slots;
}

TEST(Maglev, EntriesHaveEqualPartsToASlot) {
  for (const std::size_t number : {2U, 3U, 7U, 100U}) {
    const std::uint32_t slots = table_size(number);
    const auto parts = count(build_table(entries(number), slots));
    ASSERT_EQ(parts.size(), number);
    for (const auto& [id, part] : parts) EXPECT_LE(part - slots / number, 1U) << number;
  }
}

TEST(Maglev, OneEntryTakesOneSlotAndNoneNoTable) {
  EXPECT_EQ(build_table(entries(1), table_size(1)), plan::MaglevTable{1});
  EXPECT_TRUE(build_table({}, table_size(0)).empty());
}

TEST(Maglev, TheOrderOfTheEntriesDoesNotMatter) {
  auto shuffled = entries(50);
  const auto table = build_table(shuffled, table_size(50));
  std::mt19937 random(3);
  std::ranges::shuffle(shuffled, random);
  EXPECT_EQ(build_table(shuffled, table_size(50)), table);
}

TEST(Maglev, NodesWithOtherIdsAgreeOnEverySlot) {
  const auto here = build_table(entries(20), 4093);
  const auto there = build_table(entries(20, 1000), 4093);
  for (std::size_t slot = 0; slot < here.size(); ++slot) EXPECT_EQ(here[slot] + 999, there[slot]);
}

/// Slots that changed although their backend is still there.
std::size_t disturbed(const plan::MaglevTable& before, const plan::MaglevTable& after, std::uint32_t gone) {
  std::size_t moved = 0;
  for (std::size_t slot = 0; slot < before.size(); ++slot) moved += before[slot] != gone && before[slot] != after[slot];
  return moved;
}

TEST(Maglev, ABackendThatLeavesHardlyMovesTheOthers) {
  auto all = entries(10);
  const std::uint32_t slots = table_size(10);
  const auto before = build_table(all, slots);
  all.erase(all.begin() + 4);
  EXPECT_LT(disturbed(before, build_table(all, slots), 5), slots / 20);
}

TEST(Maglev, TablesGrowWithTheirEntries) {
  EXPECT_EQ(table_size(1), 1U);
  EXPECT_EQ(table_size(2), 251U);
  EXPECT_EQ(table_size(3), 1021U);
  EXPECT_EQ(table_size(11), 4093U);
  EXPECT_EQ(table_size(160), 16381U);
  EXPECT_EQ(table_size(1'000'000), 65521U);
}

}  // namespace
}  // namespace gw::compile
