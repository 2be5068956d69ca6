// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/compile.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace gw::compile {
namespace {

net::Link link(std::uint32_t ifindex, const char* name, const char* kind, std::uint32_t master = 0) {
  return {.ifindex = ifindex,
          .name = name,
          .kind = kind,
          .up = true,
          .loopback = false,
          .ethernet = true,
          .master = master};
}

std::vector<std::string> attached(const std::vector<net::Link>& links, const Options& options) {
  net::Topology topology;
  topology.links = links;
  std::vector<std::string> found;
  for (const auto& attachment : compile({}, topology, {}, options).plan.attachments) {
    found.push_back(attachment.link + (attachment.xdp ? " xdp" : " tc"));
  }
  return found;
}

using Names = std::vector<std::string>;

TEST(Attachments, AutoChoosesXdpForHardwareAndTcForVirtualLinks) {
  EXPECT_EQ(attached({link(1, "eth0", ""), link(2, "veth0", "veth"), link(3, "br0", "bridge")}, {}),
            (Names{"eth0 xdp", "veth0 tc", "br0 tc"}));
}

TEST(Attachments, AnExplicitModeHoldsForEveryLink) {
  const std::vector<net::Link> links = {link(1, "eth0", ""), link(2, "veth0", "veth")};
  EXPECT_EQ(attached(links, {.attach = AttachMode::Xdp, .interfaces = {}}), (Names{"eth0 xdp", "veth0 xdp"}));
  EXPECT_EQ(attached(links, {.attach = AttachMode::Tc, .interfaces = {}}), (Names{"eth0 tc", "veth0 tc"}));
}

TEST(Attachments, AVlanHasNoXdpOfItsOwnAndALinkThatHidesItsTagsNone) {
  auto vlan = link(2, "eth0.100", "vlan");
  vlan.parent = 1;
  EXPECT_EQ(attached({link(1, "eth0", ""), vlan}, {.attach = AttachMode::Xdp, .interfaces = {}}),
            (Names{"eth0 xdp", "eth0.100 tc"}));
  auto hiding = link(1, "eth0", "");
  hiding.hides_tags = true;
  EXPECT_EQ(attached({hiding, vlan}, {.attach = AttachMode::Xdp, .interfaces = {}}), (Names{"eth0 tc", "eth0.100 tc"}));
}

TEST(Attachments, PortsOfABridgeAreLeftToIt) {
  EXPECT_EQ(attached({link(1, "br0", "bridge"), link(2, "port", "veth", 1)}, {}), (Names{"br0 tc"}));
}

TEST(Attachments, ALinkThatIsDownIsServedFromTheMomentItComesUp) {
  auto down = link(1, "eth0", "");
  down.up = false;
  EXPECT_EQ(attached({down}, {}), (Names{"eth0 xdp"}));
}

TEST(Attachments, LoopbackAndWhatIsNotEthernetAreLeftOut) {
  auto tunnel = link(2, "tun0", "tun");
  tunnel.ethernet = false;
  auto loopback = link(3, "lo", "");
  loopback.loopback = true;
  EXPECT_TRUE(attached({tunnel, loopback}, {}).empty());
}

TEST(Attachments, InterfacePatternsSelect) {
  EXPECT_EQ(attached({link(1, "eth0", ""), link(2, "eth1", ""), link(3, "wan", "")},
                     {.attach = AttachMode::Tc, .interfaces = {"eth*"}}),
            (Names{"eth0 tc", "eth1 tc"}));
}

TEST(Ids, AreTheSameWhenTheSameConfigurationIsCompiledAgain) {
  net::Topology topology;
  topology.links = {link(1, "eth0", "")};
  topology.addresses = {
      {.ifindex = 1, .address = IpAddress::parse("10.0.0.1").value(), .prefix_length = 24, .global_scope = true}};
  ir::Config config;
  ir::L4Listener listener;
  listener.gateway = {"default", "web"};
  listener.gateway_group = "gateway.networking.k8s.io";
  listener.name = "tcp";
  listener.port = 80;
  config.listeners = {listener};
  const Output first = compile(config, topology, {}, {});
  EXPECT_EQ(compile(config, topology, first.ids, {}).ids, first.ids);
  EXPECT_EQ(first.plan.listeners.size(), 1U);
  EXPECT_EQ(ntohs(first.plan.listeners.begin()->first.port), 80);
}

/// One listener with one endpoint, on this node, at 10.0.0.9.
ir::Config one_endpoint_here() {
  ir::Config config;
  ir::L4Listener listener;
  listener.gateway = {"default", "web"};
  listener.port = 80;
  listener.service = "s";
  config.listeners = {listener};
  const ir::ServicePort port{.service = {"default", "s"}, .name = "", .protocol = ir::Protocol::Tcp};
  config.services["s"].backends.emplace_back().port = port;
  config.endpoints.set(port, std::vector<ir::Endpoint>{{IpAddress::parse("10.0.0.9").value(), 8080, "here"}});
  return config;
}

net::Topology node_with_route(const char* prefix, std::uint8_t length) {
  net::Topology topology;
  topology.node_name = "here";
  topology.links = {link(1, "eth0", "")};
  topology.addresses = {
      {.ifindex = 1, .address = IpAddress::parse("10.0.0.1").value(), .prefix_length = 24, .global_scope = true}};
  topology.routes.emplace_back().destination = {IpAddress::parse(prefix).value(), length};
  topology.routes.back().ifindex = 1;
  return topology;
}

ir::L4Listener at(ir::L4Listener listener, const char* address) {
  listener.addresses = {IpAddress::parse(address).value()};
  return listener;
}

int shared_bits(const ir::Config& config, const net::Topology& topology) {
  const plan::Plan plan = compile(config, topology, {}, {}).plan;
  EXPECT_EQ(plan.backends.size(), 1U);
  return plan.backends.empty() ? -1 : plan.backends.begin()->second.shared_bits;
}

TEST(Backends, HideClientsOfTheirOwnLink) {
  ir::Config config = one_endpoint_here();
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.0", 24)), 96 + 24);
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.9", 32)), GW_SHARED_BITS_SELF);
  config.services["s"].backends.front().upstream.source_address = ir::SourceAddress::Preserve;
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.0", 24)), GW_SHARED_BITS_SELF);
  net::Topology without_address = node_with_route("10.0.0.0", 24);
  without_address.addresses.clear();
  config.listeners = {at(config.listeners[0], "192.0.2.1")};
  EXPECT_EQ(shared_bits(config, without_address), 0);
}

TEST(Backends, KeepTheirIdWhenTheirLinkGrows) {
  const ir::Config config = one_endpoint_here();
  const Output before = compile(config, node_with_route("10.0.0.0", 24), {}, {});
  const Output after = compile(config, node_with_route("10.0.0.0", 16), before.ids, {});
  EXPECT_EQ(after.plan.backends.begin()->first, before.plan.backends.begin()->first);
}

TEST(Backends, OfTwoServicesMayDifferInWhomTheyHide) {
  ir::Config config = one_endpoint_here();
  config.services["s"].backends.push_back(config.services["s"].backends.front());
  config.services["s"].backends.back().upstream.source_address = ir::SourceAddress::Preserve;
  EXPECT_EQ(compile(config, node_with_route("10.0.0.0", 24), {}, {}).plan.backends.size(), 2U);
}

/// Changes a small configuration and a node at random, one thing at a time.
class RandomWorld {
 public:
  ir::Config config;
  net::Topology topology = node_with_route("10.0.0.0", 24);
  Options options;

  void change() {
    switch (draw(14)) {
      case 0: topology = node_with_route("10.0.0.0", draw(2) == 0 ? 24 : 28); break;
      case 1: options.drain = std::chrono::seconds(draw(2)); break;
      case 12:
      case 13: options.health = health(); break;
      case 2:
      case 3: config.listeners = listeners(); break;
      case 4:
      case 5:
      case 6: change_service(); break;
      default: config.endpoints.set(port(), endpoints());
    }
  }

 private:
  std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string service() { return fmt::format("s{}", draw(4)); }
  ir::ServicePort port() { return {.service = {"default", fmt::format("p{}", draw(4))}, .name = "", .protocol = {}}; }

  /// 10.0.0.1 is the node's own.
  std::vector<ir::Endpoint> endpoints() {
    std::vector<ir::Endpoint> made;
    for (std::uint32_t i = draw(4); i > 0; --i) {
      const std::string address = draw(4) == 0 ? "2001:db8::7" : fmt::format("10.0.0.{}", draw(30) + 1);
      made.push_back({IpAddress::parse(address).value(), static_cast<std::uint16_t>(80 + draw(2)), "here"});
    }
    return made;
  }

  plan::Health health() {
    plan::Health found;
    for (std::uint32_t i = draw(20); i > 0; --i) {
      const auto address = IpAddress::parse(fmt::format("10.0.0.{}", draw(30) + 1)).value();
      found.unhealthy.insert({address, static_cast<std::uint16_t>(80 + draw(2)), ActiveCheck{}});
      found.ejected[{draw(60) + 1, draw(2) == 0 ? 6U : 17U}] = i;
    }
    return found;
  }

  void change_service() {
    const std::string name = service();
    if (draw(4) == 0) {
      config.services.erase(name);
      return;
    }
    ir::Service made;
    for (std::uint32_t i = draw(4); i > 0; --i) {
      auto& ref = made.backends.emplace_back();
      ref.weight = draw(3);
      if (draw(5) != 0) ref.port = port();
      ref.upstream.source_address = static_cast<ir::SourceAddress>(draw(3));
      ref.upstream.direct_return = static_cast<ir::DirectReturn>(draw(3));
      if (draw(2) == 0) ref.upstream.drain_timeout = std::chrono::seconds(draw(3));
      if (draw(2) == 0) ref.upstream.health_check.active.emplace();
      if (draw(2) == 0) ref.upstream.health_check.passive.emplace().consecutive_failures = draw(3) + 1;
    }
    if (draw(4) == 0) made.idle_timeout = std::chrono::seconds(5);
    config.services.set(name, made);
  }

  std::vector<ir::L4Listener> listeners() {
    std::vector<ir::L4Listener> made;
    for (std::uint32_t i = 0; i < 5; ++i) {
      if (draw(3) == 0) continue;
      ir::L4Listener& listener = made.emplace_back();
      listener.gateway = {"default", "web"};
      listener.name = fmt::format("l{}", i);
      listener.port = static_cast<std::uint16_t>(80 + draw(4));
      listener.service = draw(5) == 0 ? "" : service();
      listener.admission.rate = draw(2);
      if (draw(3) == 0) listener.addresses = {IpAddress::parse("2001:db8::1").value()};
    }
    return made;
  }

  std::mt19937 random_{1};
};

plan::BackendMap gone(const plan::BackendMap& before, const plan::BackendMap& now) {
  plan::BackendMap found;
  for (auto [id, backend] : before) {
    backend.drains_until = 1;
    if (!now.contains(id)) found.set(id, backend);
  }
  return found;
}

TEST(Compiler, GivesAtAnyTimeWhatACompileOfEverythingGives) {
  RandomWorld world;
  Compiler compiler({});
  plan::Plan last;
  plan::BackendMap draining;
  std::size_t came_back = 0;
  for (int round = 0; round < 3000; ++round) {
    world.change();
    plan::IdTable ids = compiler.ids();
    ids.keep_draining(draining);
    compiler.keep_draining(draining);
    const plan::Plan plan = compiler.compile(world.config, world.topology, world.options);
    const Output expected = compile(world.config, world.topology, ids, world.options);
    ASSERT_EQ(plan, expected.plan) << "round " << round;
    ASSERT_EQ(compiler.ids(), expected.ids) << "round " << round;
    for (const auto& [id, backend] : draining) came_back += plan.backends.contains(id) ? 1 : 0;
    draining = gone(last.backends, plan.backends);
    last = plan;
  }
  EXPECT_GT(came_back, 10U) << "backends under their old id";
  EXPECT_FALSE(last.listeners.empty());
}

TEST(Compiler, KeepsWhatAnEndpointHasNothingToDoWith) {
  ir::Config config = one_endpoint_here();
  const net::Topology topology = node_with_route("10.0.0.0", 24);
  Compiler compiler({});
  const plan::Plan before = compiler.compile(config, topology, {});
  const ir::ServicePort port = config.endpoints.begin()->first;
  config.endpoints.set(port, std::vector<ir::Endpoint>{{IpAddress::parse("10.0.0.8").value(), 8080, "here"}});
  const plan::Plan after = compiler.compile(config, topology, {});
  EXPECT_NE(after.services, before.services);
  EXPECT_TRUE(after.placed.is_same_object(before.placed));
  EXPECT_TRUE(after.attachments.is_same_object(before.attachments));
}

}  // namespace
}  // namespace gw::compile
