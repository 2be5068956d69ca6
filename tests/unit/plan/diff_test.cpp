// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/diff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

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

/// The maps as the model has them, the contents of the tables, and who may be reading these.
struct Kernel {
  Observed now;
  std::map<std::uint32_t, MaglevTable> tables;
  std::set<std::uint32_t> seen;  ///< tables that a program may have seen since the last grace period

  void run(const Operation& operation) {
    if (const auto* create = std::get_if<CreateTable>(&operation)) {
      tables[create->table_id] = create->table.empty() ? MaglevTable(create->slots) : create->table.slots();
    }
    if (const auto* fill = std::get_if<FillTable>(&operation)) {
      EXPECT_FALSE(seen.contains(fill->table_id)) << "table " << fill->table_id << " changes under a program's eyes";
      EXPECT_EQ(tables.at(fill->table_id).size(), fill->table.size());
      tables[fill->table_id] = fill->table.slots();
    }
    if (const auto* remove = std::get_if<RemoveTable>(&operation)) tables.erase(remove->table_id);
    now = apply_to(std::move(now), {operation});
    expect_sound();
  }

  /// What every moment of an apply must hold: no packet may meet a reference that leads nowhere.
  void expect_sound() {
    for (const auto& [key, listener] : now.listeners) {
      EXPECT_TRUE(listener.service_id == 0 || now.services.contains(listener.service_id));
    }
    for (const auto& [id, service] : now.services) {
      for (const gw_share& share : shares_of(service)) {
        if (share.slots == 0) continue;
        seen.insert(share.table_id);
        ASSERT_TRUE(now.tables.contains(share.table_id)) << "service " << id;
        ASSERT_TRUE(tables.contains(share.table_id)) << "service " << id;
        for (const std::uint32_t backend : tables.at(share.table_id)) EXPECT_TRUE(now.backends.contains(backend));
      }
    }
  }

  /// Every service's tables are those of the plan.
  void expect_holds(const Plan& plan) const {
    for (const auto& [id, service] : plan.services) {
      const gw_service& there = now.services.at(id);
      for (std::size_t i = 0; i < service.shares.size(); ++i) {
        const Table& wanted = service.shares[i].table;
        ASSERT_EQ(there.share[i].slots, wanted.size());
        if (!wanted.empty()) {
          EXPECT_EQ(tables.at(there.share[i].table_id), wanted.slots());
        }
      }
    }
  }

  void end_grace() {
    now.tables.end_grace(now.tables.now());
    seen.clear();
    expect_sound();
  }
};

TEST(Diff, ConvergesAndIsSoundAtEveryStep) {
  std::mt19937 random(1);
  Kernel kernel;
  std::size_t filled = 0;
  for (int round = 0; round < 1000; ++round) {
    const Plan plan = random_plan(random);
    for (const auto& operation : diff(plan, kernel.now)) {
      filled += std::holds_alternative<FillTable>(operation) ? 1 : 0;
      kernel.run(operation);
    }
    kernel.expect_holds(plan);
    EXPECT_TRUE(diff(plan, kernel.now).empty()) << to_string(diff(plan, kernel.now).front());
    if (random() % 4 != 0) kernel.now = settle(kernel.now, plan);
    if (random() % 2 == 0) kernel.end_grace();
    if (random() % 4 == 0) {
      for (const auto& operation : tidy(kernel.now)) kernel.run(operation);
      EXPECT_TRUE(diff(plan, kernel.now).empty());
    }
  }
  EXPECT_GT(filled, 100U);
}

/// The maps as a new agent reads them.
Observed read_anew(const Observed& now) {
  Observed fresh = now;
  fresh.settled.clear();
  fresh.tables = {};
  for (std::uint32_t id = 1; id < 1000; ++id) {
    if (now.tables.contains(id)) fresh.tables.add(id, 0);
  }
  for (const auto& [id, service] : fresh.services) fresh.tables.exchange(nullptr, &service);
  return fresh;
}

TEST(Diff, WhatIsKnownFromBeforeSavesWorkAndChangesNothing) {
  std::mt19937 random(2);
  Observed now;
  for (int round = 0; round < 300; ++round) {
    const Plan plan = random_plan(random);
    const auto told = [](const std::vector<Operation>& operations) {
      std::multiset<std::string> lines;
      for (const auto& operation : operations) {
        const std::string line = to_string(operation);
        // Which table is taken may differ: spares are unknown to a new agent.
        if (line.find(" table ") == std::string::npos) lines.insert(line);
      }
      return lines;
    };
    EXPECT_EQ(told(diff(plan, now)), told(diff(plan, read_anew(now))));
    now = settle(apply_to(now, diff(plan, now)), plan);
    EXPECT_TRUE(diff(plan, read_anew(now)).empty());
    now.tables.end_grace(now.tables.now());
  }
}

TEST(Diff, AChangeOfOneServiceMakesNoTableOnceThereAreSpares) {
  Plan plan;
  plan.backends[1] = {};
  plan.backends[2] = {};
  plan.services[1].shares = {{UINT32_MAX, {1, 1, 1}}};
  Observed now = settle(apply_to({}, diff(plan, {})), plan);
  now = apply_to(now, tidy(now));
  for (std::uint32_t round = 0; round < 10; ++round) {
    plan.services[1].shares = {{UINT32_MAX, {round % 2 + 1, 2, round % 3 == 0 ? 1U : 2U}}};
    const auto operations = diff(plan, now);
    for (const auto& operation : operations) EXPECT_FALSE(std::holds_alternative<CreateTable>(operation));
    now = settle(apply_to(now, operations), plan);
    now.tables.end_grace(now.tables.now());
  }
  EXPECT_EQ(now.tables.size(), 3U);
  EXPECT_TRUE(tidy(now).empty());
}

TEST(Diff, SparesGoWithTheLastServiceThatCouldNeedThem) {
  Plan plan;
  plan.backends[1] = {};
  plan.services[1].shares = {{UINT32_MAX, {1, 1, 1}}};
  Observed now = apply_to({}, diff(plan, {}));
  now = apply_to(now, tidy(now));
  EXPECT_EQ(now.tables.size(), 3U);
  now = apply_to(now, diff({}, now));
  now.tables.end_grace(now.tables.now());
  EXPECT_TRUE(apply_to(now, tidy(now)).tables.empty());
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
  EXPECT_FALSE(now.tables.has_resting());
}

TEST(Diff, TablesThatACrashLeftBehindAreRemoved) {
  Observed now;
  now.tables.add(7, 0);
  now.tables.add(9, 0);
  EXPECT_TRUE(apply_to(now, tidy(now)).tables.empty());
}

TEST(IdSpace, KeepsIdsAndDoesNotReuseFreedOnesSoon) {
  IdSpace ids(10);
  EXPECT_EQ(ids.acquire("a"), 1U);
  EXPECT_EQ(ids.acquire("b"), 2U);
  EXPECT_EQ(ids.acquire("a"), 1U);
  ids.release("a");
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
  EXPECT_EQ(next_drained(draining({}, now), 100), 30U);
  EXPECT_TRUE(diff(Plan{}, now, 129).empty());
  now = apply_to(now, diff(Plan{}, now, 130));
  EXPECT_TRUE(now.backends.empty());
  EXPECT_EQ(next_drained(draining({}, now), 131), std::nullopt);
}

TEST(Drain, ABackendThatComesBackIsInUseAgainUnderItsId) {
  Observed now = apply_to({}, diff(one_backend(), {}));
  IdTable ids = IdTable::restore(now);
  ids.backends.release_unless([](std::uint32_t) { return false; });
  now = apply_to(now, diff(Plan{}, now, 100));
  ids.keep_draining(now.backends);
  EXPECT_EQ(ids.backends.acquire(IdTable::backend_key(gw_backend{})), 1U);
  now = apply_to(now, diff(one_backend(), now, 110));
  EXPECT_EQ(now.backends.at(1).drains_until, 0U);
}

}  // namespace
}  // namespace gw::plan
