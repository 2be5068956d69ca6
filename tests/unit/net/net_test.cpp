// SPDX-License-Identifier: Apache-2.0
// The pure parts by values; discovery and monitoring in a network namespace of the test process.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "userspace/net/discover.hpp"
#include "userspace/net/forwarding.hpp"
#include "userspace/net/monitor.hpp"
#include "userspace/net/neighbours.hpp"
#include "userspace/net/port_range.hpp"
#include "userspace/net/routing.hpp"
#include "userspace/net/topology.hpp"

namespace gw::net {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Route route(const char* prefix, std::uint8_t length, std::uint32_t ifindex, std::uint32_t metric = 0) {
  Route made;
  made.destination = {ip(prefix), length};
  made.ifindex = ifindex;
  made.metric = metric;
  return made;
}

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
  topology.routes = {route("10.0.0.0", 24, 2), route("10.1.0.0", 24, 3), route("10.2.0.0", 24, 3),
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
  EXPECT_EQ(Routing(topology).source_towards(ip("10.2.0.9")), ip("10.2.0.1"));
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), ip("10.0.0.1"));  // the lower metric
  EXPECT_EQ(Routing(topology).source_towards(ip("198.51.100.1")), std::nullopt);
  topology.routes.back().preferred_source = ip("10.9.9.9");
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), ip("10.9.9.9"));
}

TEST(Topology, ALinkWithoutAddressesBorrowsOne) {
  Topology topology = two_links();
  topology.routes.push_back(route("192.0.2.9", 32, 4));
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.9")), ip("10.0.0.1"));
  topology.addresses.clear();
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.9")), std::nullopt);
}

TEST(Topology, ASegmentIsWhatTheRouteReachesWithoutAGateway) {
  Topology topology = two_links();
  EXPECT_EQ(Routing(topology).segment_of(ip("10.1.0.9")), (IpPrefix{ip("10.1.0.0"), 24}));
  topology.routes.back().gateway = ip("10.0.0.254");
  EXPECT_EQ(Routing(topology).segment_of(ip("192.0.2.9")), (IpPrefix{ip("192.0.2.9"), 32})) << "behind a gateway";
  topology.routes.push_back(route("10.1.0.9", 32, 3));
  EXPECT_EQ(Routing(topology).segment_of(ip("10.1.0.9")), (IpPrefix{ip("10.1.0.9"), 32})) << "a link of its own";
  EXPECT_EQ(Routing(topology).segment_of(ip("2001:db8::1")), (IpPrefix{ip("2001:db8::1"), 128})) << "no route";
  topology.routes = {route("0.0.0.0", 0, 3)};
  EXPECT_EQ(Routing(topology).segment_of(ip("10.1.0.9")), (IpPrefix{ip("10.1.0.9"), 32}))
      << "a default route says nothing";
}

Rule rule(std::uint32_t priority, std::uint32_t table) {
  return {.priority = priority, .destination = {IpAddress::from_v4({}), 0}, .table = table};
}

TEST(Topology, TheSourceIsThatOfTheTableThatTheRulesLeadTo) {
  Topology topology = two_links();
  topology.routes.push_back({.destination = {ip("192.0.2.0"), 24},
                             .ifindex = 3,
                             .table = 100,
                             .gateway = std::nullopt,
                             .preferred_source = ip("10.2.0.1")});
  const Rule to_main = rule(32766, kMainTable);
  Rule selective = rule(100, 100);
  selective.destination = {ip("192.0.2.0"), 25};
  topology.rules = {selective, to_main};
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), ip("10.2.0.1"));
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.200")), ip("10.0.0.1"));
  topology.rules[0].inverted = true;
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.200")), ip("10.2.0.1"));
  topology.rules = {rule(100, 100), to_main};
  EXPECT_EQ(Routing(topology).source_towards(ip("10.1.0.9")), ip("10.1.0.1")) << "a table without a route is no answer";
  topology.rules[0].shortest_prefix = 25;
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), ip("10.0.0.1")) << "suppressed";
  topology.rules[0] = rule(100, 0);
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), std::nullopt) << "unreachable";
  topology.rules[0].asks_for_others = true;
  EXPECT_EQ(Routing(topology).source_towards(ip("192.0.2.1")), ip("10.0.0.1"));
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
  EXPECT_TRUE(Routing(*topology).is_local(ip("10.0.0.1")));
  EXPECT_TRUE(Routing(*topology).is_local(ip("2001:db8::1")));
  EXPECT_EQ(topology->node_addresses(), (std::vector{ip("10.0.0.1"), ip("2001:db8::1")}));
  EXPECT_EQ(Routing(*topology).source_towards(ip("198.51.100.1")), ip("10.0.0.1"));
  const auto route =
      std::ranges::find_if(topology->routes, [](const Route& r) { return r.gateway == ip("10.0.0.254"); });
  ASSERT_NE(route, topology->routes.end());
  EXPECT_EQ(route->metric, 5U);
  EXPECT_EQ(route->destination.to_string(), "0.0.0.0/0");
}

TEST_F(InNamespace, DiscoversRulesAndTheirTables) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
  sh("ip addr add 10.0.0.1/24 dev v0 && ip route add 192.0.2.0/24 via 10.0.0.254 table 100");
  sh("ip rule add pref 10 from 10.0.0.9 lookup 100 && ip rule add pref 20 not fwmark 5 lookup 100");
  sh("ip rule add pref 30 lookup main suppress_prefixlength 0 && ip rule add pref 40 to 198.51.100.0/24 prohibit");
  const auto topology = discover("here");
  ASSERT_TRUE(topology) << topology.error().message;
  const auto at = [&topology](std::uint32_t priority) {
    const auto found = std::ranges::find_if(topology->rules, [priority](const Rule& candidate) {
      return candidate.priority == priority && candidate.destination.address.is_v4();
    });
    return found == topology->rules.end() ? Rule{} : *found;
  };
  Rule from = rule(10, 100);
  from.asks_for_others = true;
  Rule unmarked = from;
  unmarked.priority = 20;
  unmarked.inverted = true;
  Rule suppressed = rule(30, kMainTable);
  suppressed.shortest_prefix = 1;
  Rule prohibited = rule(40, 0);
  prohibited.destination = {ip("198.51.100.0"), 24};
  EXPECT_EQ(at(10), from);
  EXPECT_EQ(at(20), unmarked);
  EXPECT_EQ(at(30), suppressed);
  EXPECT_EQ(at(40), prohibited);
  EXPECT_EQ(Routing(*topology).source_towards(ip("192.0.2.1")), ip("10.0.0.1"));
}

/// What has to be known before next hops are shared by all packets to one destination.
TEST_F(InNamespace, DiscoversWhetherTheDestinationAloneDecides) {
  const auto by_destination = [] { return discover("here").value().routed_by_destination; };
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up");
  sh("ip addr add 10.0.0.1/24 dev v0 && ip addr add 2001:db8::1/64 dev v0 nodad");
  sh("ip route add default via 10.0.0.254 && ip -6 route add default via 2001:db8::fe");
  sh("ip rule add pref 10 to 192.0.2.0/24 lookup 100 && ip rule add pref 20 not fwmark 5 lookup 100");
  EXPECT_TRUE(by_destination());
  const std::pair<const char*, const char*> others[] = {
      {"ip rule add pref 30 from 10.0.0.9 lookup 100", "ip rule del pref 30"},
      {"ip rule add pref 30 iif v0 lookup 100", "ip rule del pref 30"},
      {"ip rule add pref 30 ipproto tcp dport 80 goto 32766", "ip rule del pref 30"},
      {"ip route add 192.0.2.0/24 nexthop via 10.0.0.2 nexthop via 10.0.0.3", "ip route del 192.0.2.0/24"},
      {"ip nexthop add id 1 via 10.0.0.2 dev v0 && ip nexthop add id 2 via 10.0.0.3 dev v0 && "
       "ip nexthop add id 3 group 1/2 && ip route add 192.0.2.0/24 nhid 3",
       "ip route del 192.0.2.0/24"},
      {"ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3",
       "ip -6 route del 2001:db8:9::/48"},
  };
  for (const auto& [add, remove] : others) {
    sh(add);
    EXPECT_FALSE(by_destination()) << add;
    sh(remove);
    EXPECT_TRUE(by_destination()) << "without " << add;
  }
}

TEST_F(InNamespace, TheMonitorTellsTopologyFromNeighbours) {
  // Nothing may be under way that the kernel would tell of later: no IPv6 address, no link on its way up.
  sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.0.0.1/24 dev "
     "v0");
  sh("for d in v0 v1; do until ip link show $d | grep -q 'state UP'; do sleep 0.01; done; done");
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
  sh("ip rule add pref 10 to 192.0.2.0/24 lookup 100");
  EXPECT_TRUE(monitor->drain().value().topology);
  sh("ip nexthop add id 7 via 10.0.0.2 dev v0");
  EXPECT_TRUE(monitor->drain().value().topology);
}

TEST_F(InNamespace, TheMonitorNoticesTheLossOfANeighbourThatWasThereBefore) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.0.0.1/24 dev "
     "v0");
  sh("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0");
  auto monitor = Monitor::open();
  ASSERT_TRUE(monitor) << monitor.error().message;
  (void)monitor->drain();
  EXPECT_FALSE(monitor->drain().value().neighbours);
  sh("ip neigh del 10.0.0.2 dev v0");
  EXPECT_TRUE(monitor->drain().value().neighbours);
}

TEST_F(InNamespace, OnlyNeighboursInUseAreConfirmed) {
  sh("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up && ip addr add 10.0.0.1/24 dev "
     "v0");
  sh("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev v0 nud stale");
  sh("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev v0 nud stale");
  const auto confirmed = confirm_neighbours({{if_nametoindex("v0"), {2, 0, 0, 0, 0, 2}}});
  ASSERT_TRUE(confirmed) << confirmed.error().message;
  sh("ip neigh show 10.0.0.2 | grep -qE 'DELAY|PROBE' && ip neigh show 10.0.0.3 | grep -q STALE");
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
