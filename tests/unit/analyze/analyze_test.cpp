// SPDX-License-Identifier: Apache-2.0
#include "userspace/analyze/analyze.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/random_resources.hpp"
#include "userspace/api/decode.hpp"

namespace gw::analyze {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = ObjectChange::Kind;

api::ResourceSet read(const std::string& text) {
  api::ResourceSet resources = api::decode(text, "f.yaml").objects;
  resources.sort();
  return resources;
}

std::string route(const std::string& name, const std::string& version, int port, const std::string& created = "") {
  return "---\n{apiVersion: gateway.networking.k8s.io/" + version + ", kind: TCPRoute, metadata: {name: " + name +
         (created.empty() ? "" : ", creationTimestamp: \"" + created + "\"") +
         "}, spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: a, port: " + std::to_string(port) +
         "}]}]}}\n";
}

std::vector<std::pair<Kind, std::string>> kinds_of(const std::vector<ObjectChange>& changes) {
  std::vector<std::pair<Kind, std::string>> kinds;
  for (const auto& change : changes) kinds.emplace_back(change.kind, change.ref.name);
  return kinds;
}

TEST(Change, ObjectsOfAFileTakeThePlaceOfThoseOfTheirName) {
  const api::ResourceSet before = read(route("a", "v1", 80) + route("b", "v1", 80));
  const api::ResourceSet after =
      put_into_effect(before, read(route("b", "v1", 81) + route("c", "v1", 80)), Action::Apply);
  EXPECT_THAT(kinds_of(difference(before, after)),
              ElementsAre(std::pair(Kind::Changed, "b"), std::pair(Kind::Added, "c")));
  EXPECT_EQ(after.l4_routes.size(), 3U);
}

TEST(Change, DeletedObjectsAreThoseOfTheFile) {
  const api::ResourceSet before = read(route("a", "v1", 80) + route("b", "v1", 80));
  const api::ResourceSet after = put_into_effect(before, read(route("b", "v1", 1)), Action::Delete);
  EXPECT_THAT(kinds_of(difference(before, after)), ElementsAre(std::pair(Kind::Removed, "b")));
}

/// The same object moved to another line, or written in another version, is no change.
TEST(Change, PlacesAndVersionsAreNoDifference) {
  const api::ResourceSet before = read(route("a", "v1", 80));
  const api::ResourceSet after = put_into_effect(before, read("\n\n\n" + route("a", "v1alpha2", 80)), Action::Apply);
  EXPECT_THAT(difference(before, after), IsEmpty());
}

/// Who is older decides conflicts; a file that changes an object does not make it younger or older.
TEST(Change, AnObjectKeepsItsAge) {
  const api::ResourceSet before = read(route("a", "v1", 80, "2026-01-01T00:00:00Z"));
  const api::ResourceSet after = put_into_effect(before, read(route("a", "v1", 81)), Action::Apply);
  EXPECT_EQ(after.l4_routes.front().meta.creation_timestamp, before.l4_routes.front().meta.creation_timestamp);
}

/// explain() looks for what stands in the way by itself; it must find something exactly where translate() refuses.
TEST(Explain, FindsAnObstacleWhereTranslateRefusesAndNoneElsewhere) {
  std::size_t refused = 0;
  std::size_t accepted = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    gw::testing::RandomResources random(seed);
    for (int round = 0; round < 50; ++round) {
      api::ResourceSet resources = random.next();
      resources.sort();
      const auto output = translate::translate(resources, {});
      for (const auto& status : output.report->routes) {
        for (const auto& route : api::named(resources.l4_routes, {status.ref.ns, status.ref.name})) {
          if (route.ref() != status.ref || route.is_legacy()) continue;
          for (const auto& parent : status.parents) {
            const bool is_accepted = parent.conditions.find("Accepted")->status == api::ConditionStatus::True;
            const auto obstacles = explain(resources, route, {}, parent.parent);
            EXPECT_EQ(obstacles.empty(), is_accepted)
                << route.ref().to_string() << " seed " << seed << " round " << round;
            ++(is_accepted ? accepted : refused);
          }
        }
      }
    }
  }
  EXPECT_GT(refused, 100U);
  EXPECT_GT(accepted, 100U);
}

/// Whatever the sets are, nothing breaks or comes into effect between two that are the same.
TEST(Analyze, NothingHappensWithoutAChange) {
  gw::testing::RandomResources random(1);
  for (int round = 0; round < 50; ++round) {
    api::ResourceSet resources = random.next();
    resources.sort();
    const Analysis analysis = analyze(resources, resources, {});
    EXPECT_THAT(analysis.changes, IsEmpty());
    EXPECT_THAT(analysis.breaks, IsEmpty());
    EXPECT_THAT(analysis.attaches, IsEmpty());
    EXPECT_THAT(analysis.moves, IsEmpty());
  }
}

/// What a change breaks comes into effect when it is taken back.
TEST(Analyze, TakingAChangeBackIsTheOtherWayRound) {
  gw::testing::RandomResources random(7);
  for (int round = 0; round < 100; ++round) {
    api::ResourceSet before = random.next();
    before.sort();
    api::ResourceSet after = random.next();
    after.sort();
    const Analysis there = analyze(before, after, {});
    const Analysis back = analyze(after, before, {});
    EXPECT_EQ(there.changes.size(), back.changes.size());
    std::set<api::ObjectRef> broken;
    std::set<api::ObjectRef> repaired;
    for (const auto& effect : there.attaches) repaired.insert(effect.object);
    for (const auto& effect : back.breaks) broken.insert(effect.object);
    for (const auto& object : repaired)
      EXPECT_TRUE(broken.contains(object)) << object.to_string() << " round " << round;
  }
}

}  // namespace
}  // namespace gw::analyze
