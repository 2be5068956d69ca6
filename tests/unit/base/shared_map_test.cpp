// SPDX-License-Identifier: Apache-2.0
#include "userspace/base/shared_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace gw {
namespace {

using Map = SharedMap<int, std::string>;
using Model = std::map<int, std::string>;

Model content(const Map& map) {
  Model found;
  int last = -1;
  for (const auto& [key, value] : map) {
    EXPECT_LT(last, key);
    last = key;
    found[key] = value;
  }
  return found;
}

/// One random change of both.
void change(Map& map, Model& model, std::mt19937& random, int keys) {
  const int key = static_cast<int>(random() % static_cast<unsigned>(keys));
  const std::string value = std::to_string(random() % 10);
  switch (random() % 4) {
    case 0: EXPECT_EQ(map.erase(key), model.erase(key)); return;
    case 1: EXPECT_EQ(map.emplace(key, value), model.emplace(key, value).second); return;
    case 2: map.set(key, value); break;
    default: map[key] = value; break;
  }
  model[key] = value;
}

TEST(SharedMap, IsASortedMapWhateverTheOrderOfChanges) {
  for (const int keys : {5, 300, 5000}) {
    std::mt19937 random(static_cast<unsigned>(keys));
    Map map;
    Model model;
    for (int i = 0; i < 6 * keys; ++i) change(map, model, random, keys);
    EXPECT_EQ(content(map), model);
    EXPECT_EQ(map.size(), model.size());
    for (int key = -1; key <= keys; ++key) {
      const auto expected = model.lower_bound(key);
      const auto found = map.lower_bound(key);
      ASSERT_EQ(found == map.end(), expected == model.end());
      if (expected != model.end()) {
        EXPECT_EQ(found->first, expected->first);
      }
      EXPECT_EQ(map.contains(key), model.contains(key));
      EXPECT_EQ(map.get(key) != nullptr, map.find(key) != map.end());
    }
  }
}

TEST(SharedMap, ACopyKeepsWhatItWas) {
  std::mt19937 random(7);
  Map map;
  Model model;
  std::vector<std::pair<Map, Model>> copies;
  for (int i = 0; i < 3000; ++i) {
    change(map, model, random, 1000);
    if (i % 100 == 0) copies.emplace_back(map, model);
  }
  for (const auto& [copy, as_it_was] : copies) EXPECT_EQ(content(copy), as_it_was);
}

using Difference = std::tuple<int, std::string, std::string>;

std::vector<Difference> differences(const Map& a, const Map& b) {
  std::vector<Difference> found;
  visit_differences(a, b, [&](int key, const std::string* in_a, const std::string* in_b) {
    found.emplace_back(key, in_a == nullptr ? "-" : *in_a, in_b == nullptr ? "-" : *in_b);
  });
  return found;
}

std::vector<Difference> differences(const Model& a, const Model& b) {
  std::map<int, Difference> found;
  for (const auto& [key, value] : a) {
    const auto other = b.find(key);
    if (other == b.end() || other->second != value) found[key] = {key, value, other == b.end() ? "-" : other->second};
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) found[key] = {key, "-", value};
  }
  std::vector<Difference> sorted;
  for (const auto& [key, difference] : found) sorted.push_back(difference);
  return sorted;
}

TEST(SharedMap, DifferencesAreAllThatIsDifferentInOrder) {
  std::mt19937 random(3);
  for (const int changes : {0, 1, 10, 2000}) {
    Map a;
    Model a_model;
    for (int i = 0; i < 2000; ++i) change(a, a_model, random, 1000);
    Map b = a;
    Model b_model = a_model;
    for (int i = 0; i < changes; ++i) change(i % 2 == 0 ? a : b, i % 2 == 0 ? a_model : b_model, random, 1000);
    EXPECT_EQ(differences(a, b), differences(a_model, b_model));
    EXPECT_EQ(a == b, a_model == b_model);
    Map apart;  // equal content that shares nothing
    for (const auto& [key, value] : a_model) apart[key] = value;
    EXPECT_TRUE(differences(a, apart).empty());
    EXPECT_TRUE(a == apart);
  }
}

/// Counts comparisons, to see what a walk looks at.
struct Counted {
  int value = 0;
  static inline int compared = 0;
  bool operator==(const Counted& other) const {
    ++compared;
    return value == other.value;
  }
};

TEST(SharedMap, ComparingCopiesCostsTheirDifference) {
  SharedMap<int, Counted> map;
  for (int key = 0; key < 100'000; ++key) map[key].value = key;
  auto changed = map;
  changed.set(50'000, {1});
  Counted::compared = 0;
  int different = 0;
  visit_differences(map, changed, [&](int, const Counted*, const Counted*) { ++different; });
  EXPECT_EQ(different, 1);
  EXPECT_LE(Counted::compared, 128);
}

TEST(SharedMap, WhatBecomesAnotherGoesOnSharingWhatIsTheSame) {
  SharedMap<int, Counted> map;
  SharedMap<int, Counted> wanted;
  for (int key = 0; key < 100'000; ++key) {
    map[key].value = key;
    if (key != 7) wanted[key].value = key == 50'000 ? 1 : key;
  }
  const auto before = map;
  become(map, wanted);
  EXPECT_TRUE(map == wanted);
  Counted::compared = 0;
  EXPECT_FALSE(map == before);
  EXPECT_LE(Counted::compared, 256);
}

}  // namespace
}  // namespace gw
