// SPDX-License-Identifier: Apache-2.0
// What the compiler promises of new connections whatever the configuration: nodes agree, weights are exact, and a
// change moves no more than it must (docs/design/0002, 0007).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "userspace/compile/compile.hpp"
#include "userspace/plan/address.hpp"

namespace gw::compile {
namespace {

using Random = std::mt19937;

std::uint32_t below(Random& random, std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); }

IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }

/// A share in words that all nodes have: no ids.
struct Share {
  std::uint32_t limit = 0;
  std::vector<std::string> slots;

  bool operator==(const Share&) const = default;
};
using Shares = std::vector<Share>;

Share in_words(const plan::Share& share, const plan::Plan& plan) {
  Share words{.limit = share.limit, .slots = {}};
  for (const std::uint32_t id : share.table.slots()) {
    const gw_backend& backend = plan.backends.at(id);
    words.slots.push_back(plan::endpoint_text(backend.addr, backend.port));
  }
  return words;
}

/// By the service's name and family.
std::map<std::string, Shares> shares_of(const plan::Plan& plan) {
  std::map<std::string, Shares> made;
  for (const auto& [id, service] : plan.services) {
    Shares& shares = made[plan.names.at({GW_NAME_SERVICE, id})];
    for (const auto& share : service.shares) shares.push_back(in_words(share, plan));
  }
  return made;
}

/// A node with that address on the link to all backends.
net::Topology node(const char* name, std::uint32_t host) {
  net::Topology topology;
  topology.node_name = name;
  topology.addresses = {
      {.ifindex = host, .address = ip(fmt::format("10.0.0.{}", host)), .prefix_length = 8, .global_scope = true}};
  topology.routes.emplace_back().destination = {ip("10.0.0.0"), 8};
  topology.routes.back().ifindex = host;
  return topology;
}

ir::Endpoint endpoint(std::uint32_t number, std::string node = "") {
  return {ip(fmt::format("10.1.{}.{}", number / 200, number % 200 + 1)), 8080, std::move(node)};
}

std::vector<ir::Endpoint> endpoints(std::uint32_t count, std::uint32_t first = 0) {
  std::vector<ir::Endpoint> made;
  for (std::uint32_t i = 0; i < count; ++i) made.push_back(endpoint(first + i));
  return made;
}

/// Weights and endpoints.
using Refs = std::vector<std::pair<std::uint32_t, std::vector<ir::Endpoint>>>;

/// Adds a listener, its service, and a backendRef for each weight and list of endpoints.
void serve(ir::Config& config, std::uint16_t port, const Refs& refs) {
  ir::L4Listener listener;
  listener.gateway = {"default", fmt::format("g{}", port)};
  listener.port = port;
  listener.service = fmt::format("s{}", port);
  listener.addresses = {ip("192.0.2.1")};
  ir::Service service;
  for (const auto& [weight, serving] : refs) {
    const ir::ServicePort key{{"default", fmt::format("{}-{}", port, service.backends.size())}, ""};
    config.endpoints.set(key, serving);
    service.backends.push_back(
        {.name = key.service.to_string(), .weight = weight, .port = key, .upstream = {}, .tls = {}});
  }
  std::vector<ir::L4Listener> listeners(config.listeners.begin(), config.listeners.end());
  listeners.push_back(listener);
  config.listeners = listeners;
  config.services.set(listener.service, service);
}

using Services = std::vector<std::pair<std::uint16_t, Refs>>;  ///< by port

Services any_services(Random& random) {
  static const char* const kNodes[] = {"", "here", "there"};
  Services made;
  for (std::uint16_t port = 80; port < 84; ++port) {
    Refs refs;
    for (std::uint32_t ref = below(random, 5); ref > 0; --ref) {
      const std::uint32_t weight = below(random, 4) == 0 ? 0 : 1 + below(random, 1'000'000);
      std::set<ir::Endpoint> serving;
      for (std::uint32_t i = below(random, 30); i > 0; --i) {
        const std::uint32_t number = below(random, 400);
        serving.insert(endpoint(number, kNodes[number % 3]));
      }
      refs.emplace_back(weight, std::vector<ir::Endpoint>(serving.begin(), serving.end()));
    }
    made.emplace_back(port, std::move(refs));
  }
  return made;
}

/// The same services, their listeners and endpoints in the order of arrival.
ir::Config arrived(Services services, Random& random) {
  std::ranges::shuffle(services, random);
  ir::Config config;
  for (auto& [port, refs] : services) {
    for (auto& [weight, serving] : refs) std::ranges::shuffle(serving, random);
    serve(config, port, refs);
  }
  return config;
}

Shares only_shares(const ir::Config& config) {
  const auto found = shares_of(compile(config, node("here", 1), {}, {}).plan);
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? Shares{} : found.begin()->second;
}

Shares shares_of_refs(const Refs& refs) {
  ir::Config config;
  serve(config, 80, refs);
  return only_shares(config);
}

/// How many of the 2^32 hashes fall to each share.
std::vector<std::uint64_t> parts_of(const Shares& shares) {
  std::vector<std::uint64_t> parts;
  std::uint64_t begin = 0;
  for (const Share& share : shares) {
    parts.push_back(share.limit + std::uint64_t{1} - begin);
    begin = share.limit + std::uint64_t{1};
  }
  return parts;
}

constexpr double kHashes = 4294967296.0;

TEST(Nodes, AgreeWhateverTheyHadBeforeAndInWhateverOrderItArrived) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const Services services = any_services(random);
    plan::IdTable past;
    for (int round = 0; round < 3; ++round) {
      past = compile(arrived(any_services(random), random), node("there", 2), past, {}).ids;
    }
    const auto here = compile(arrived(services, random), node("here", 1), {}, {});
    const auto there = compile(arrived(services, random), node("there", 2), past, {});
    ASSERT_EQ(shares_of(here.plan), shares_of(there.plan)) << "seed " << seed;
  }
}

TEST(Weights, AreExactForAnyRefs) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Refs refs;
    std::uint64_t total = 0;
    for (std::uint32_t i = 1 + below(random, GW_SERVICE_SHARES_MAX); i > 0; --i) {
      refs.emplace_back(1 + below(random, 1'000'000), endpoints(1 + below(random, 3), below(random, 300)));
      total += refs.back().first;
    }
    const auto parts = parts_of(shares_of_refs(refs));
    ASSERT_EQ(parts.size(), refs.size());
    for (std::size_t i = 0; i < refs.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(parts[i]), kHashes * refs[i].first / static_cast<double>(total), 1.0);
    }
  }
}

TEST(Weights, BelongToTheRefHoweverManyItsEndpoints) {
  const Shares shares = shares_of_refs({{50, endpoints(10)}, {50, endpoints(1, 100)}});
  EXPECT_EQ(parts_of(shares), (std::vector<std::uint64_t>{1ULL << 31, 1ULL << 31}));
  std::map<std::string, std::size_t> slots;
  for (const auto& slot : shares.front().slots) ++slots[slot];
  ASSERT_EQ(slots.size(), 10U);
  for (const auto& [name, count] : slots) EXPECT_LE(count - shares.front().slots.size() / 10, 1U) << name;
}

TEST(Weights, OneInAMillionIsOneInAMillion) {
  const auto parts = parts_of(shares_of_refs({{1, endpoints(1)}, {999'999, endpoints(1, 1)}}));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_NEAR(static_cast<double>(parts[0]), kHashes / 1e6, 1.0);
}

TEST(Weights, AChangeMovesWhatItMustAndNoTable) {
  const auto before = shares_of_refs({{50, endpoints(10)}, {50, endpoints(10, 10)}});
  const auto after = shares_of_refs({{60, endpoints(10)}, {40, endpoints(10, 10)}});
  EXPECT_NEAR(static_cast<double>(after[0].limit - before[0].limit), kHashes / 10, 1.0);
  EXPECT_EQ(after[1].limit, before[1].limit);
  for (const std::size_t ref : {0U, 1U}) EXPECT_EQ(after[ref].slots, before[ref].slots);
}

/// The part of the slots of others that have another endpoint now.
double moved(const std::vector<std::string>& before, const std::vector<std::string>& after, const std::string& gone) {
  std::size_t others = 0;
  std::size_t changed = 0;
  for (std::size_t slot = 0; slot < before.size(); ++slot) {
    others += before[slot] != gone;
    changed += before[slot] != gone && before[slot] != after[slot];
  }
  return static_cast<double>(changed) / static_cast<double>(others);
}

/// docs/design/0007 states this bound.
constexpr double kMaxMoved = 0.04;

TEST(Endpoints, OneThatLeavesMovesAtMostFourPercentOfTheOthers) {
  for (const std::uint32_t count : {4U, 5U, 10U, 12U, 20U, 40U, 42U, 100U, 160U, 300U}) {
    const auto all = endpoints(count);
    const auto before = shares_of_refs({{1, all}, {1, endpoints(7, 500)}});
    for (std::uint32_t gone = 0; gone < count; gone += 1 + count / 10) {
      auto rest = all;
      rest.erase(rest.begin() + gone);
      const auto after = shares_of_refs({{1, rest}, {1, endpoints(7, 500)}});
      ASSERT_EQ(after[0].slots.size(), before[0].slots.size());
      const std::string name = fmt::format("{}:8080", all[gone].address.to_string());
      EXPECT_LE(moved(before[0].slots, after[0].slots, name), kMaxMoved) << gone << " of " << count;
      EXPECT_EQ(after[1], before[1]) << "another ref of the same route";
    }
  }
}

}  // namespace
}  // namespace gw::compile
