// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/compile.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

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

int shared_bits(const ir::Config& config, const net::Topology& topology) {
  return compile(config, topology, {}, {}).plan.backends.begin()->second.shared_bits;
}

TEST(Backends, HideClientsOfTheirOwnLink) {
  ir::Config config = one_endpoint_here();
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.0", 24)), 96 + 24);
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.9", 32)), GW_SHARED_BITS_SELF);
  config.services["s"].backends.front().upstream.source_address = ir::SourceAddress::Preserve;
  EXPECT_EQ(shared_bits(config, node_with_route("10.0.0.0", 24)), GW_SHARED_BITS_SELF);
  net::Topology without_address = node_with_route("10.0.0.0", 24);
  without_address.addresses.clear();
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

}  // namespace
}  // namespace gw::compile
