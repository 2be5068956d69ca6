// SPDX-License-Identifier: Apache-2.0
// Sets of objects at random, through everything that is a function of them: nothing throws, loops or crashes, and what
// must hold of every answer holds of these. A set that fails is made small and printed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/property/judge.hpp"
#include "tests/property/shrink.hpp"
#include "tests/support/random_resources.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/ir/dump.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/status/render.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::property {
namespace {

constexpr std::uint32_t kSeeds = 30;
constexpr int kRounds = 80;

/// 1 to kSeeds, or the one of GW_PROPERTY_SEED.
std::vector<std::uint32_t> seeds() {
  if (const char* const one = std::getenv("GW_PROPERTY_SEED")) {  // NOLINT(concurrency-mt-unsafe): one thread
    return {static_cast<std::uint32_t>(std::strtoul(one, nullptr, 10))};
  }
  std::vector<std::uint32_t> all;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) all.push_back(seed);
  return all;
}

/// Calls `look(set, name)` for each of many sets, until something fails; each seed begins with none and adds to it.
template <typename Look>
void for_each_set(Look look) {
  for (const std::uint32_t seed : seeds()) {
    testing::RandomResources resources(seed);
    for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
      look(resources.next(), fmt::format("seed {} round {}", seed, round));
    }
  }
}

/// That runs the test again with the seed of "seed 7 round 12".
std::string command(const std::string& name) {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  return fmt::format("GW_PROPERTY_SEED={} build/bin/property_translate --gtest_filter={}.{}",
                     name.substr(5, name.find(' ', 5) - 5), test.test_suite_name(), test.name());
}

/// `judge(set)`: what is wrong with what becomes of the set.
template <typename Judge>
void expect_nothing_wrong(Judge judge) {
  for_each_set([&judge](const api::ResourceSet& set, const std::string& name) {
    if (judge(set).empty()) return;
    const auto fails = [&judge](const api::ResourceSet& candidate) { return !judge(candidate).empty(); };
    const api::ResourceSet small = shrink(set, fails);
    const translate::Output answer = translate::translate(small, {});
    ADD_FAILURE() << name << ":\n"
                  << judge(small).to_string() << "\n\nObjects:\n"
                  << list(small) << "\nIR:\n"
                  << ir::dump(answer.config) << "\nStatus:\n"
                  << status::render(*answer.report).dump(1) << "\nAgain: " << command(name);
  });
}

using JudgeCase = Objections (*)(const Case&);
struct Rule {
  const char* name;
  JudgeCase judge;
  friend void PrintTo(const Rule& rule, std::ostream* out) { *out << rule.name; }
};

class OfEveryAnswer : public ::testing::TestWithParam<Rule> {};

TEST_P(OfEveryAnswer, Holds) {
  expect_nothing_wrong([](const api::ResourceSet& set) {
    const translate::Output answer = translate::translate(set, {});
    return GetParam().judge({set, answer});
  });
}

INSTANTIATE_TEST_SUITE_P(Translate, OfEveryAnswer,
                         ::testing::Values(Rule{"ConditionsAreSound", judge_conditions},
                                           Rule{"EveryParentIsAnswered", judge_parents},
                                           Rule{"AttachedRoutesAreCounted", judge_attached_routes},
                                           Rule{"ConflictsAreTold", judge_conflicts},
                                           Rule{"ListenerSetsAreLetIn", judge_listener_sets},
                                           Rule{"ReferencesAreJudged", judge_references},
                                           Rule{"BackendsAreThoseOfTheRoutes", judge_backends},
                                           Rule{"L4ListenersFollowTheirFirstRoute", judge_l4_listeners},
                                           Rule{"EndpointsAreThoseOfTheSlices", judge_endpoints}),
                         [](const auto& rule) { return std::string(rule.param.name); });

/// A set to which another controller's copies of Gateways, ListenerSets and routes were added, in a namespace of their
/// own.
template <typename Kind>
void add_copies(api::Objects<Kind>& objects, void (*estrange)(Kind&)) {
  for (const auto& object : api::Objects<Kind>(objects)) {
    if (object.group != api::kGatewayGroup) continue;
    Kind copy = object;
    copy.meta.ns = "strange";
    estrange(copy);
    const auto is_there = [&copy](const Kind& other) { return other.ref() == copy.ref(); };
    if (std::ranges::none_of(objects, is_there)) objects.push_back(std::move(copy));
  }
}

template <typename Kind>
void add_route_copies(api::Objects<Kind>& routes) {
  add_copies<Kind>(routes, [](Kind& route) {
    for (auto& parent : route.parent_refs) parent.ns = "strange";
    route.use_default_gateways = api::DefaultScope::None;  // those are ours
  });
}

api::ResourceSet with_strangers(api::ResourceSet set) {
  api::GatewayClass gateway_class;
  gateway_class.meta.name = "strangers";
  gateway_class.controller_name = "example.com/strange";
  set.gateway_classes.push_back(gateway_class);
  add_copies<api::Gateway>(set.gateways, [](api::Gateway& gateway) { gateway.class_name = "strangers"; });
  add_copies<api::ListenerSet>(set.listener_sets, [](api::ListenerSet& one) { one.parent.ns = "strange"; });
  add_route_copies(set.l4_routes);
  add_route_copies(set.tls_routes);
  add_route_copies(set.http_routes);
  add_route_copies(set.grpc_routes);
  set.sort();
  return set;
}

TEST(Translate, AnswersAsIfStrangersWereNotThere) {
  expect_nothing_wrong([](const api::ResourceSet& set) {
    const translate::Output alone = translate::translate(set, {});
    const translate::Output beside = translate::translate(with_strangers(set), {});
    Objections found;
    found.unless(alone.config == beside.config, "the IR differs:\n{}\n", ir::dump(beside.config));
    found.unless(*alone.report == *beside.report, "the status differs:\n{}\n", status::render(*beside.report).dump(1));
    return found;
  });
}

/// A node on 10.0.2.0/24 and 2001:db8:2::/64, one of the nodes that endpoints name.
net::Topology node() {
  net::Topology topology;
  topology.node_name = "node-0";
  topology.links = {
      {.ifindex = 1, .name = "eth0", .kind = "", .up = true, .loopback = false, .ethernet = true, .master = 0}};
  for (const auto& [address, length] : {std::pair{"10.0.2.1", 24}, std::pair{"2001:db8:2::1", 64}}) {
    const auto parsed = IpAddress::parse(address).value();
    const auto bits = static_cast<std::uint8_t>(length);
    topology.addresses.push_back({.ifindex = 1, .address = parsed, .prefix_length = bits, .global_scope = true});
    topology.routes.push_back(
        {.destination = {parsed.network(bits), bits}, .ifindex = 1, .gateway = {}, .preferred_source = {}});
  }
  return topology;
}

/// Each listener is placed, or there is a word why not; both if it is not on all of its addresses.
void judge_placement(const ir::Config& config, const plan::Plan& plan, Objections& found) {
  using Names = std::set<std::pair<std::string, std::string>>;
  Names placed, rejected, all;
  for (const auto& one : plan.placed) placed.insert({one.gateway_group, one.listener});
  for (const auto& one : plan.rejections) rejected.insert({one.gateway_group, one.listener});
  for (const auto& listener : config.listeners) all.insert({listener.gateway_group, listener.qualified_name()});
  found.unless(placed.size() == plan.placed.size(), "a listener is placed twice");
  found.unless(rejected.size() == plan.rejections.size(), "a listener is rejected twice");
  placed.merge(rejected);
  found.unless(placed == all, "{} listeners, {} answers", all.size(), placed.size());
}

void judge_service(const plan::Plan& plan, const plan::Service& service, Objections& found) {
  std::uint32_t limit = 0;
  for (const auto& share : service.shares) {
    found.unless(share.limit > limit || &share == &service.shares.front(), "share {} after {}", share.limit, limit);
    limit = share.limit;
    for (const std::uint32_t backend : share.table.slots()) {
      found.unless(plan.backends.contains(backend), "backend {} is not there", backend);
    }
  }
  found.unless(service.shares.empty() || limit == UINT32_MAX, "the shares end at {}", limit);
}

void judge_programmed(const api::Conditions& conditions, const api::ListenerStatus& listener, const std::string& who,
                      Objections& found) {
  const api::Condition* programmed = conditions.find("Programmed");
  if (programmed == nullptr) programmed = conditions.find("Ready");
  found.unless(programmed != nullptr, "{} has no word of the data path", who);
  if (programmed == nullptr || programmed->status != api::ConditionStatus::True) return;
  found.unless(api::objection(conditions) == nullptr, "{} is programmed, and objected to", who);
  found.unless(listener.protocol == "TCP" || listener.protocol == "UDP", "{} serves {}", who, listener.protocol);
}

template <typename Statuses>
void judge_programmed(const Statuses& statuses, Objections& found) {
  for (const auto& status : statuses) {
    for (const auto& listener : status.listeners) {
      judge_programmed(listener.conditions, listener, status.ref.to_string() + " " + listener.name, found);
    }
  }
}

TEST(Translate, YieldsWhatCompilesAndCanBeTold) {
  const net::Topology topology = node();
  std::size_t backends = 0;
  expect_nothing_wrong([&](const api::ResourceSet& set) {
    Objections found;
    const translate::Output answer = translate::translate(set, {});
    const plan::Plan plan = compile::compile(answer.config, topology, {}, {}).plan;
    judge_placement(answer.config, plan, found);
    for (const auto& [id, service] : plan.services) judge_service(plan, service, found);
    const plan::Observed observed = plan::apply_to({}, plan::diff(plan, {}));
    found.unless(plan::diff(plan, observed).empty(), "what is in the maps is not the plan:\n{}", plan::dump(plan));
    const api::StatusReport report = status::complete(*answer.report, plan, {});
    judge_programmed(report.gateways, found);
    judge_programmed(report.listener_sets, found);
    found.append(judge_conditions(set, report));
    found.unless(!status::render(report).dump().empty(), "no status");
    backends += plan.backends.size();
    return found;
  });
  EXPECT_TRUE(HasFailure() || seeds().size() == 1 || backends > 500)
      << backends << " backends: the sets were of no use";
}

/// What the rules are about must occur, or they hold of nothing.
TEST(RandomResources, AreOfUse) {
  if (seeds().size() == 1) GTEST_SKIP() << "GW_PROPERTY_SEED: one seed need not have everything";
  std::map<std::string, std::size_t> occurred;
  for_each_set([&occurred](const api::ResourceSet& set, const std::string&) {
    const translate::Output answer = translate::translate(set, {});
    const auto note = [&occurred](const api::Conditions& conditions) {
      for (const auto& condition : conditions.all()) ++occurred[condition.type + "/" + condition.reason];
    };
    for (const auto& gateway : answer.report->gateways) {
      for (const auto& listener : gateway.listeners) {
        note(listener.conditions);
        if (listener.attached_routes > 1) ++occurred["several routes"];
      }
    }
    for (const auto& listeners : answer.report->listener_sets) note(listeners.conditions);
    for (const auto& route : answer.report->routes) {
      for (const auto& parent : route.parents) note(parent.conditions);
    }
    for (const auto& [name, service] : answer.config.services) {
      for (const auto& ref : service.backends) {
        const bool is_other = ref.port && name.find("/" + ref.port->service.ns + "/") == std::string::npos;
        if (is_other) ++occurred["granted"];
        if (ref.port && ref.weight != 1 && service.backends.size() > 1) ++occurred["weighted"];
      }
    }
  });
  for (const char* what :
       {"granted", "weighted", "several routes", "Conflicted/ProtocolConflict", "Conflicted/HostnameConflict",
        "Accepted/NotAllowedByListeners", "Accepted/NoMatchingListenerHostname", "Accepted/NoMatchingParent",
        "Accepted/NotAllowed", "Accepted/Accepted", "Admitted/Admitted", "Admitted/Refused",
        "ResolvedRefs/RefNotPermitted", "ResolvedRefs/BackendNotFound", "ResolvedRefs/InvalidKind"}) {
    EXPECT_GE(occurred[what], 25U) << what;
  }
}

}  // namespace
}  // namespace gw::property
