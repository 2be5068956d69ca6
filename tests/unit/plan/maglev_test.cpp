// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/maglev.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace gw::plan {
namespace {

std::vector<MaglevEntry> entries(std::size_t number, std::uint32_t first_id = 1) {
  std::vector<MaglevEntry> made;
  for (std::size_t i = 0; i < number; ++i) {
    gw_backend backend{};
    backend.addr.word[3] = static_cast<std::uint32_t>(i);
    made.push_back({identity_of(backend), static_cast<std::uint32_t>(first_id + i)});
  }
  return made;
}

std::map<std::uint32_t, std::size_t> count(const MaglevTable& table) {
  std::map<std::uint32_t, std::size_t> slots;
  for (const std::uint32_t id : table) ++slots[id];
  return slots;
}

TEST(Maglev, EntriesHaveEqualPartsToASlot) {
  for (const std::size_t number : {2U, 3U, 7U, 100U}) {
    const Table table = Table::of_entries(entries(number));
    const auto parts = count(table.slots());
    ASSERT_EQ(parts.size(), number);
    for (const auto& [id, part] : parts) EXPECT_LE(part - table.size() / number, 1U) << number;
  }
}

TEST(Maglev, OneEntryTakesOneSlotAndNoneNoTable) {
  EXPECT_EQ(Table::of_entries(entries(1)).slots(), MaglevTable{1});
  EXPECT_TRUE(Table::of_entries({}).empty());
}

TEST(Maglev, TheOrderOfTheEntriesDoesNotMatter) {
  auto shuffled = entries(50);
  const Table table = Table::of_entries(shuffled);
  std::mt19937 random(3);
  std::ranges::shuffle(shuffled, random);
  shuffled.push_back(shuffled.front());  // nor does it matter to be there twice
  EXPECT_EQ(Table::of_entries(shuffled), table);
}

TEST(Maglev, OfMoreEntriesThanSlotsTheFirstAreUsed) {
  const Table table = Table::of_entries(entries(70'000));
  EXPECT_EQ(table.size(), 65521U);
  EXPECT_EQ(count(table.slots()).size(), 65521U);
}

TEST(Maglev, NodesWithOtherIdsAgreeOnEverySlot) {
  const auto here = Table::of_entries(entries(20)).slots();
  const auto there = Table::of_entries(entries(20, 1000)).slots();
  for (std::size_t slot = 0; slot < here.size(); ++slot) EXPECT_EQ(here[slot] + 999, there[slot]);
}

TEST(Maglev, TheHashTellsTablesApart) {
  auto other_id = entries(3);
  other_id[1].backend_id = 7;
  auto other_endpoint = entries(4);
  other_endpoint.erase(other_endpoint.begin() + 1);
  other_endpoint[1].backend_id = 2;
  other_endpoint[2].backend_id = 3;
  EXPECT_EQ(Table::of_entries(entries(3)).hash(), Table::of_entries(entries(3)).hash());
  EXPECT_NE(Table::of_entries(entries(3)).hash(), Table::of_entries(other_id).hash());
  EXPECT_NE(Table::of_entries(entries(3)).hash(), Table::of_entries(other_endpoint).hash());
}

/// Slots that changed although their backend is still there.
std::size_t disturbed(const MaglevTable& before, const MaglevTable& after, std::uint32_t gone) {
  std::size_t moved = 0;
  for (std::size_t slot = 0; slot < before.size(); ++slot) moved += before[slot] != gone && before[slot] != after[slot];
  return moved;
}

/// Section 5.3 of the paper: with 100 slots for each backend some percent.
TEST(Maglev, ABackendThatLeavesHardlyMovesTheOthers) {
  const auto all = entries(10);
  const auto before = Table::of_entries(all).slots();
  std::size_t moved = 0;
  for (std::size_t gone = 0; gone < all.size(); ++gone) {
    auto left = all;
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(gone));
    moved += disturbed(before, Table::of_entries(left).slots(), all[gone].backend_id);
  }
  EXPECT_LT(moved, before.size() * all.size() / 20);
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
}  // namespace gw::plan
