// SPDX-License-Identifier: Apache-2.0
// The pure parts by values; discovery and monitoring in a network namespace of the test process.
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "userspace/net/discover.hpp"
#include "userspace/net/forwarding.hpp"
#include "userspace/net/monitor.hpp"
#include "userspace/net/port_range.hpp"
#include "userspace/net/topology.hpp"

namespace gw::net {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Topology two_links() {
  Topology topology;
  topology.links = {{.ifindex = 1, .name = "lo", .kind = "", .up = true, .loopback = true},
                    {.ifindex = 2, .name = "eth0", .kind = "", .up = true},
                    {.ifindex = 3, .name = "eth1", .kind = "", .up = true}};
  topology.addresses = {{.ifindex = 1, .address = ip("127.0.0.1"), .prefix_length = 8, .global_scope = false},
                        {.ifindex = 2, .address = ip("10.0.0.1"), .prefix_length = 24, .global_scope = true},
                        {.ifindex = 3, .address = ip("10.1.0.1"), .prefix_length = 24, .global_scope = true},
                        {.ifindex = 3, .address = ip("10.2.0.1"), .prefix_length = 24, .global_scope = true},
                        {.ifindex = 3, .address = ip("fe80::1"), .prefix_length = 64, .global_scope = false}};
  const auto route = [](const char* prefix, std::uint8_t length, std::uint32_t ifindex, std::uint32_t metric) {
    Route made;
    made.destination = {ip(prefix), length};
    made.ifindex = ifindex;
    made.metric = metric;
    return made;
  };
  topology.routes = {route("10.0.0.0", 24, 2, 0), route("10.1.0.0", 24, 3, 0), route("10.2.0.0", 24, 3, 0),
                     route("192.0.2.0", 24, 3, 20), route("192.0.2.0", 24, 2, 10)};
  return topology;
}

TEST(Topology, NodeAddressesAreTheGlobalOnesOfLinksThatAreUp) {
  Topology topology = two_links();
  EXPECT_EQ(topology.node_addresses(), (std::vector{ip("10.0.0.1"), ip("10.1.0.1"), ip("10.2.0.1")}));
  topology.links[2].up = false;
  EXPECT_EQ(topology.node_addresses(), (std::vector{ip("10.0.0.1")}));
}

TEST(Topology, TheSourceIsTheOneTheKernelWouldChoose) {
  Topology topology = two_links();
  EXPECT_EQ(topology.source_towards(ip("10.2.0.9")), ip("10.2.0.1"));
  EXPECT_EQ(topology.source_towards(ip("192.0.2.1")), ip("10.0.0.1"));  // the lower metric
  EXPECT_EQ(topology.source_towards(ip("198.51.100.1")), std::nullopt);
  topology.routes.back().preferred_source = ip("10.9.9.9");
  EXPECT_EQ(topology.source_towards(ip("192.0.2.1")), ip("10.9.9.9"));
}

TEST(NatPorts, AreTheLargestSpanOutsideOfTheHostsOwn) {
  EXPECT_EQ(nat_ports({32768, 60999}), (PortRange{1024, 32767}));
  EXPECT_EQ(nat_ports({1024, 40000}), (PortRange{40001, 65535}));
  EXPECT_EQ(nat_ports({1024, 65535}), std::nullopt);
}

class InNamespace : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, for a network namespace";
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
  }
  static void sh(const char* command) { ASSERT_EQ(std::system(command), 0) << command; }
};

TEST_F(InNamespace, DiscoversLinksAddressesAndRoutes) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
  sh("ip addr add 10.0.0.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0 nodad");
  sh("ip route add default via 10.0.0.254 src 10.0.0.1 metric 5");
  const auto topology = discover("here");
  ASSERT_TRUE(topology) << topology.error().message;
  const auto v0 = std::ranges::find(topology->links, "v0", &Link::name);
  ASSERT_NE(v0, topology->links.end());
  EXPECT_EQ(v0->kind, "veth");
  EXPECT_TRUE(v0->up && v0->ethernet && !v0->loopback);
  EXPECT_TRUE(topology->is_local(ip("10.0.0.1")));
  EXPECT_TRUE(topology->is_local(ip("2001:db8::1")));
  EXPECT_EQ(topology->node_addresses(), (std::vector{ip("10.0.0.1"), ip("2001:db8::1")}));
  EXPECT_EQ(topology->source_towards(ip("198.51.100.1")), ip("10.0.0.1"));
  const auto route =
      std::ranges::find_if(topology->routes, [](const Route& r) { return r.gateway == ip("10.0.0.254"); });
  ASSERT_NE(route, topology->routes.end());
  EXPECT_EQ(route->metric, 5U);
  EXPECT_EQ(route->destination.to_string(), "0.0.0.0/0");
}

TEST_F(InNamespace, TheMonitorTellsTopologyFromNeighbours) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.0.0.1/24 dev "
     "v0");
  auto monitor = Monitor::open();
  ASSERT_TRUE(monitor) << monitor.error().message;
  EXPECT_FALSE(monitor->drain().value().topology);
  sh("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0");
  auto changes = monitor->drain().value();
  EXPECT_TRUE(changes.neighbours);
  EXPECT_FALSE(changes.topology);
  sh("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0 nud stale");
  EXPECT_FALSE(monitor->drain().value().neighbours) << "the same MAC address is no news";
  sh("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:03 dev v0");
  EXPECT_TRUE(monitor->drain().value().neighbours);
  sh("ip addr add 10.9.0.1/24 dev v0");
  EXPECT_TRUE(monitor->drain().value().topology);
}

TEST_F(InNamespace, ForwardingIsSwitchedOnOnceAndKeepsRouterAdvertisements) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up");
  sh("sysctl -qw net.ipv4.conf.v0.forwarding=0 net.ipv6.conf.v0.forwarding=0 net.ipv6.conf.v0.accept_ra=1");
  const auto changes = enable_forwarding("v0");
  ASSERT_TRUE(changes) << changes.error().message;
  EXPECT_EQ(changes->size(), 3U);
  sh("test $(sysctl -n net.ipv6.conf.v0.accept_ra) = 2 && test $(sysctl -n net.ipv4.conf.v0.forwarding) = 1");
  EXPECT_TRUE(enable_forwarding("v0")->empty());
}

}  // namespace
}  // namespace gw::net
