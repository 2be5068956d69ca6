// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>

#include "tests/support/random_resources.hpp"
#include "userspace/ir/dump.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::translate {
namespace {

/// Each on a listener of its own, of one Gateway.
api::ResourceSet many_routes(std::uint16_t count) {
  api::ResourceSet set;
  api::Gateway gateway;
  gateway.meta.ns = "default";
  gateway.meta.name = "web";
  for (std::uint16_t number = 0; number < count; ++number) {
    api::Listener& listener = gateway.listeners.emplace_back();
    listener.name = "l" + std::to_string(number);
    listener.protocol = "TCP";
    listener.port = static_cast<std::uint16_t>(1000 + number);
    api::L4Route route;
    route.kind = "TCPRoute";
    route.meta.ns = "default";
    route.meta.name = "r" + std::to_string(number);
    api::ParentReference& parent = route.parent_refs.emplace_back();
    parent.name = "web";
    parent.section_name = listener.name;
    route.rules.emplace_back().backend_refs.emplace_back().name = "nobody";
    set.l4_routes.push_back(std::move(route));
  }
  set.gateways.push_back(std::move(gateway));
  set.sort();
  return set;
}

/// A Translator that has seen sets before answers as one that has not.
TEST(Translator, ChangeByChangeIsAllAtOnce) {
  std::size_t endpoints = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    testing::RandomResources resources(seed);
    Translator translator({});
    for (int round = 0; round < 100; ++round) {
      const api::ResourceSet& set = resources.next();
      const Output& output = translator.translate(set);
      const Output expected = translate(set, {});
      ASSERT_EQ(ir::dump(output.config), ir::dump(expected.config)) << "seed " << seed << " round " << round;
      ASSERT_EQ(output.config, expected.config);
      ASSERT_EQ(*output.report, *expected.report);
      ASSERT_EQ(output.findings, expected.findings);
      for (const auto& [port, list] : output.config.endpoints) endpoints += list.size();
    }
  }
  EXPECT_GT(endpoints, 500U);  // or the sets were of no use
}

template <typename Kind>
void take_routes(const api::ResourceSet& from, api::ResourceSet& into, api::Objects<Kind> api::ResourceSet::* member) {
  if constexpr (std::is_base_of_v<api::Route, Kind>) into.*member = from.*member;
}

/// Routes come, go and change while everything else stays: the case in which nodes are taken over (docs/design/0026).
TEST(Translator, RouteByRouteIsAllAtOnce) {
  std::size_t bound = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    testing::RandomResources others(seed);
    testing::RandomResources routes(seed + 1000);
    Translator translator({});
    for (int round = 0; round < 20; ++round) {
      api::ResourceSet set;
      for (int change = 0; change < 10; ++change) set = others.next();
      for (int change = 0; change < 20; ++change) {
        const api::ResourceSet& changed = routes.next();
        api::ResourceSet::for_each_member([&](auto member) { take_routes(changed, set, member); });
        const Output& output = translator.translate(set);
        const Output expected = translate(set, {});
        ASSERT_EQ(ir::dump(output.config), ir::dump(expected.config)) << "seed " << seed << " round " << round;
        ASSERT_EQ(output.config, expected.config);
        ASSERT_EQ(*output.report, *expected.report) << "seed " << seed << " round " << round << " change " << change;
        ASSERT_EQ(output.findings, expected.findings);
        bound += output.report->routes.size();
      }
    }
  }
  EXPECT_GT(bound, 5'000U);  // or the sets were of no use
}

TEST(Translator, AChangeOfOneRouteLeavesTheOthersTheSameObjects) {
  api::ResourceSet set = many_routes(50);
  Translator translator({});
  const Output before = translator.translate(set);
  ASSERT_EQ(before.report->routes.size(), 50U);
  api::L4Route changed = set.l4_routes[7];
  changed.rules[0].backend_refs[0].weight = 7;
  auto routes = set.l4_routes.pointers();
  routes[7] = std::make_shared<const api::L4Route>(changed);
  set.l4_routes = api::Objects<api::L4Route>(std::move(routes));
  const Output& after = translator.translate(set);
  EXPECT_NE(after.config.services, before.config.services);
  EXPECT_TRUE(after.config.listeners.is_same_object(before.config.listeners));
  EXPECT_TRUE(after.findings.is_same_object(before.findings));
  EXPECT_TRUE(after.report->gateways.is_same_object(before.report->gateways));
  EXPECT_TRUE(after.report->routes.is_same_object(before.report->routes));  // a weight is in no status
}

/// Addresses by Gateway.
std::map<std::string, std::vector<IpAddress>> addresses_of(const Output& output) {
  std::map<std::string, std::vector<IpAddress>> addresses;
  for (const auto& listener : output.config.listeners) addresses[listener.gateway.name] = listener.addresses;
  return addresses;
}

TEST(ClassConfig, AddressesOfPoolsStayWhenOtherGatewaysComeAndGo) {
  api::ResourceSet set;
  api::GatewayClass gateway_class;
  gateway_class.meta.name = "edge";
  gateway_class.controller_name = api::kControllerName;
  gateway_class.parameters_ref = {api::kPolicyGroup, "GatewayClassConfig", "infra", "edge", {}};
  set.gateway_classes.push_back(gateway_class);
  api::GatewayClassConfig config;
  config.meta.ns = "infra";
  config.meta.name = "edge";
  config.address_pools.push_back({"all", {*IpPrefix::parse("203.0.113.0/24"), *IpPrefix::parse("2001:db8::/64")}});
  set.gateway_class_configs.push_back(config);
  for (int number = 0; number < 40; ++number) {
    api::Gateway gateway;
    gateway.meta.ns = "default";
    gateway.meta.name = "g" + std::to_string(number);
    gateway.class_name = "edge";
    api::Listener& listener = gateway.listeners.emplace_back();
    listener.name = "tcp";
    listener.protocol = "TCP";
    listener.port = 80;
    set.gateways.push_back(std::move(gateway));
  }
  set.sort();
  const auto all = addresses_of(translate(set, {}));
  ASSERT_EQ(all.size(), 40U);
  std::set<IpAddress> different;
  for (const auto& [name, addresses] : all) {
    EXPECT_EQ(addresses.size(), 2U);
    different.insert(addresses.begin(), addresses.end());
  }
  EXPECT_EQ(different.size(), 80U);
  auto gateways = set.gateways.pointers();
  gateways.erase(gateways.begin() + 3);  // not the first: what is older keeps its place in any case
  set.gateways = api::Objects<api::Gateway>(std::move(gateways));
  const auto rest = addresses_of(translate(set, {}));
  std::size_t moved = 0;
  for (const auto& [name, addresses] : rest) moved += addresses == all.at(name) ? 0 : 1;
  EXPECT_LE(moved, 2U);
}

TEST(Translator, AChangeOfEndpointsLeavesEverythingElseTheSameObject) {
  testing::RandomResources resources(1);
  for (int round = 0; round < 50; ++round) resources.next();
  api::ResourceSet set = resources.next();
  Translator translator({});
  const Output before = translator.translate(set);
  ASSERT_FALSE(set.endpoint_slices.empty());
  api::EndpointSlice slice = set.endpoint_slices.front();
  slice.endpoints.clear();
  std::vector<std::shared_ptr<const api::EndpointSlice>> slices = set.endpoint_slices.pointers();
  slices.front() = std::make_shared<const api::EndpointSlice>(slice);
  set.endpoint_slices = api::Objects<api::EndpointSlice>(std::move(slices));
  const Output& after = translator.translate(set);
  EXPECT_EQ(after.report, before.report);
  EXPECT_TRUE(after.config.listeners.is_same_object(before.config.listeners));
}

}  // namespace
}  // namespace gw::translate
