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

}  // namespace
}  // namespace gw::compile
