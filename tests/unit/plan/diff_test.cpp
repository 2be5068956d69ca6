// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/diff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "userspace/plan/id_table.hpp"

namespace gw::plan {
namespace {

/// A random plan over few ids, so that two of them overlap in most ways.
Plan random_plan(std::mt19937& random) {
  Plan plan;
  const auto draw = [&random](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  for (std::uint32_t id = 1; id <= 6; ++id) {
    if (draw(3) == 0) continue;
    gw_backend backend{};
    backend.addr.word[3] = draw(4);
    plan.backends[id] = backend;
  }
  for (std::uint32_t id = 1; id <= 4; ++id) {
    if (draw(3) == 0 || plan.backends.empty()) continue;
    Service& service = plan.services[id];
    for (std::uint32_t i = draw(3); i > 0; --i) {
      MaglevTable table(draw(3) == 0 ? 0 : 7);
      for (auto& slot : table)
        slot = std::next(plan.backends.begin(), draw(static_cast<std::uint32_t>(plan.backends.size())))->first;
      service.shares.push_back({i == 1 ? UINT32_MAX : UINT32_MAX / i, table});
    }
    plan.names[{GW_NAME_SERVICE, id}] = "service " + std::to_string(draw(3));
  }
  for (std::uint32_t id = 1; id <= 4; ++id) {
    if (draw(2) == 0) plan.sources[{32 + id, id, {}}] = draw(2) == 0 ? GW_SOURCE_ALLOW : GW_SOURCE_DENY;
    if (draw(2) == 0) plan.limited.insert(id);
    if (draw(2) == 0) plan.watched[{id, draw(2) == 0 ? 6U : 17U}] = {};
  }
  for (std::uint16_t port = 1; port <= 4; ++port) {
    if (draw(3) == 0) continue;
    const std::uint32_t service = plan.services.empty() ? 0 : plan.services.begin()->first;
    plan.listeners[gw_listener_key{{}, port, 6, 0}] = {draw(5) + 1, service, 0, 0, 0, 0};
  }
  return plan;
}

/// What every moment of an apply must hold: no packet may meet a reference that leads nowhere.
void expect_sound(const Observed& now, const std::map<std::uint32_t, MaglevTable>& tables) {
  for (const auto& [key, listener] : now.listeners) {
    EXPECT_TRUE(listener.service_id == 0 || now.services.contains(listener.service_id));
  }
  for (const auto& [id, service] : now.services) {
    for (const gw_share& share : shares_of(service)) {
      if (share.slots == 0) continue;
      ASSERT_TRUE(std::ranges::binary_search(now.tables, share.table_id)) << "service " << id;
      for (const std::uint32_t backend : tables.at(share.table_id)) EXPECT_TRUE(now.backends.contains(backend));
    }
  }
}

TEST(Diff, ConvergesAndIsSoundAtEveryStep) {
  std::mt19937 random(1);
  Observed now;
  std::map<std::uint32_t, MaglevTable> tables;
  for (int round = 0; round < 500; ++round) {
    const Plan plan = random_plan(random);
    for (const auto& operation : diff(plan, now)) {
      if (const auto* create = std::get_if<CreateTable>(&operation)) tables[create->table_id] = create->table;
      now = apply_to(std::move(now), {operation});
      expect_sound(now, tables);
    }
    EXPECT_TRUE(diff(plan, now).empty()) << to_string(diff(plan, now).front());
  }
}

TEST(Diff, AChangedServiceGetsANewTableNeverAChangedOne) {
  Plan plan;
  plan.backends[1] = {};
  plan.services[1].shares = {{UINT32_MAX, {1, 1, 1}}};
  Observed now = apply_to({}, diff(plan, {}));
  const std::uint32_t before = now.services[1].share[0].table_id;
  plan.services[1].shares = {{UINT32_MAX, {1, 1, 0}}};
  now = apply_to(now, diff(plan, now));
  EXPECT_NE(now.services[1].share[0].table_id, before);
  EXPECT_EQ(now.tables.size(), 1U);
}

TEST(Diff, AChangedWeightBuildsNoTable) {
  Plan plan;
  plan.backends[1] = {};
  plan.backends[2] = {};
  plan.services[1].shares = {{UINT32_MAX / 2, {1}}, {UINT32_MAX, {2}}};
  const Observed now = apply_to({}, diff(plan, {}));
  plan.services[1].shares[0].limit = UINT32_MAX / 4;
  const auto operations = diff(plan, now);
  ASSERT_EQ(operations.size(), 1U);
  EXPECT_EQ(to_string(operations[0]), "set service 1 shares 2");
}

TEST(Diff, EqualTablesAreOne) {
  Plan plan;
  plan.backends[1] = {};
  plan.services[1].shares = {{UINT32_MAX, {1, 1}}};
  plan.services[2].shares = {{UINT32_MAX / 2, {1, 1}}, {UINT32_MAX, {1, 1}}};
  Observed now = apply_to({}, diff(plan, {}));
  EXPECT_EQ(now.tables.size(), 1U);
  plan.services.erase(1);
  now = apply_to(now, diff(plan, now));
  EXPECT_EQ(now.tables.size(), 1U);
}

TEST(Diff, TablesThatACrashLeftBehindAreRemoved) {
  Observed now;
  now.tables = {7, 9};
  const auto operations = diff({}, now);
  EXPECT_TRUE(apply_to(now, operations).tables.empty());
}

TEST(IdSpace, KeepsIdsAndDoesNotReuseFreedOnesSoon) {
  IdSpace ids(10);
  EXPECT_EQ(ids.acquire("a"), 1U);
  EXPECT_EQ(ids.acquire("b"), 2U);
  EXPECT_EQ(ids.acquire("a"), 1U);
  ids.release_all_but({"b"});
  EXPECT_EQ(ids.acquire("c"), 3U);
  for (int i = 0; i < 7; ++i) ids.acquire("x" + std::to_string(i));
  EXPECT_EQ(ids.acquire("d"), 1U);  // only after the highest was reached
  EXPECT_EQ(ids.acquire("e"), 0U);  // none is left
}

TEST(IdSpace, RestoredIdsAreNotGivenToOthers) {
  IdSpace ids(10);
  ids.restore("old", 4);
  ids.restore("other", 4);
  EXPECT_EQ(ids.acquire("old"), 4U);
  EXPECT_EQ(ids.acquire("other"), 5U);
}

TEST(IdTable, IsRestoredFromTheMaps) {
  Observed observed;
  observed.names[{GW_NAME_LISTENER, 3}] = "default/web/tcp";
  observed.names[{GW_NAME_SERVICE, 5}] = "TCPRoute/default/r/0/ipv4";
  gw_backend backend{};
  backend.port = 80;
  observed.backends[9] = backend;
  IdTable table = IdTable::restore(observed);
  EXPECT_EQ(table.listeners.acquire("default/web/tcp"), 3U);
  EXPECT_EQ(table.services.acquire("TCPRoute/default/r/0/ipv4"), 5U);
  EXPECT_EQ(table.backends.acquire(IdTable::backend_key(backend)), 9U);
}

Plan one_backend() {
  Plan plan;
  plan.backends[1].drain_seconds = 30;
  return plan;
}

TEST(Drain, ABackendThatIsGoneStaysForItsTime) {
  Observed now = apply_to({}, diff(one_backend(), {}));
  now = apply_to(now, diff(Plan{}, now, 100));
  ASSERT_TRUE(now.backends.contains(1));
  EXPECT_EQ(now.backends.at(1).drains_until, 130U);
  EXPECT_EQ(next_drained(now, 100), 30U);
  EXPECT_TRUE(diff(Plan{}, now, 129).empty());
  now = apply_to(now, diff(Plan{}, now, 130));
  EXPECT_TRUE(now.backends.empty());
  EXPECT_EQ(next_drained(now, 131), std::nullopt);
}

TEST(Drain, ABackendThatComesBackIsInUseAgainUnderItsId) {
  Observed now = apply_to({}, diff(one_backend(), {}));
  IdTable ids = IdTable::restore(now);
  ids.backends.release_all_but({});
  now = apply_to(now, diff(Plan{}, now, 100));
  ids.keep_draining(now.backends);
  EXPECT_EQ(ids.backends.acquire(IdTable::backend_key(gw_backend{})), 1U);
  now = apply_to(now, diff(one_backend(), now, 110));
  EXPECT_EQ(now.backends.at(1).drains_until, 0U);
}

}  // namespace
}  // namespace gw::plan
