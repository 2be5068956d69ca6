# SPDX-License-Identifier: Apache-2.0
"""Routes, neighbours and links change under a running daemon, which needs no restart for any of it."""

import contextlib
import json
import signal
import time

import pytest

from helpers import connect, counters, transfer, wait_until
from lab import manifests
from lab.lab import run
from lab.topology import GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS, is_v6

CLIENT = TESTS / "lab" / "client.py"
VIP4, VIP6 = "192.0.2.10", "2001:db8:f::10"
LONE4, LONE6 = "10.0.40.2", "2001:db8:40::2"  # a backend's address that is on no link
FAMILIES = pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6], ids=["ipv4", "ipv6"])


def serve(topology, daemon, endpoints, node=None, vips=()):
    """One listener with one backend at `endpoints`."""
    daemon.write("web.yaml", manifests.documents(
        manifests.gateway(addresses=vips), manifests.tcp_route("r", s=1),
        *manifests.service("s", list(endpoints), node=node)))
    daemon.start()


class Held:
    """Open connections with traffic on each."""

    def __init__(self, topology, address, number=20):
        self.process = topology.client.start("hold", PYTHON, CLIENT, "hold", address, 8080, number)
        self.process.wait_for("round 1\n")

    def _rounds(self):
        return self.process.output().count("round ")

    def go_on(self, what):
        before = self._rounds()
        wait_until(lambda: self._rounds() > before + 2, f"traffic to go on: {what}", 20)

    @contextlib.contextmanager
    def pause(self):
        """No traffic, in neither direction."""
        self.process.send(signal.SIGSTOP)
        time.sleep(0.3)  # what is under way arrives
        yield
        self.process.send(signal.SIGCONT)

    def end(self):
        """How many broke."""
        self.process.stop()
        return json.loads(self.process.output().splitlines()[-1])["broken"]


def flows_by_link(daemon):
    """{client: ifindex} of the connections that are not over."""
    return {row["client"]: row["ifindex"] for row in daemon.dump("flows") if row["state"] == "ESTABLISHED"}


def ifindex(namespace, device):
    return json.loads(run("ip", "-n", namespace.full_name, "-j", "link", "show", "dev", device))[0]["ifindex"]


def retransmitted_syns(namespace):
    text = namespace.run("cat", "/proc/net/netstat")
    lines = [line.split() for line in text.splitlines() if line.startswith("TcpExt:")]
    return int(dict(zip(*lines))["TCPSynRetrans"])


def forget_neighbours(namespace, *devices):
    for device in devices:
        namespace.ip("neigh", "flush", "dev", device)


# Neighbours


@FAMILIES
def test_the_first_packets_to_neighbours_nobody_knows_arrive(network, address):
    topology, daemon = network
    b1 = topology.backends[0]
    serve(topology, daemon, [b1.address4, b1.address6])
    forget_neighbours(topology.gateway, "g0", b1.device)
    assert connect(topology, 1, address)["answers"] == {"b1": 1}
    assert counters(daemon)["neighbour_unresolved"] > 0
    assert retransmitted_syns(topology.client) == retransmitted_syns(b1.namespace) == 0


@pytest.mark.parametrize("vip, via", [(VIP4, "inet"), (VIP4, "inet6"), (VIP6, "inet6")])
def test_the_neighbour_asked_for_is_the_routes_gateway(network, vip, via):
    """Also for the incoming link's own rule, and for an IPv4 route through an IPv6 gateway (RFC 8950)."""
    topology, daemon = network
    b1, lone = topology.backends[0], LONE6 if is_v6(vip) else LONE4
    family = "-6" if is_v6(vip) else "-4"
    b1.namespace.ip("addr", "add", lone, "dev", "lo")
    gateway = b1.address6 if via == "inet6" else b1.address4
    topology.gateway.ip(family, "rule", "add", "iif", "g0", "lookup", 100)
    topology.gateway.ip(family, "route", "add", lone, "via", via, gateway, "dev", b1.device, "table", 100)
    serve(topology, daemon, [lone], node=NODE, vips=[vip])
    forget_neighbours(topology.gateway, b1.device)
    assert connect(topology, 3, vip)["answers"] == {"b1": 3}
    assert retransmitted_syns(topology.client) == 0


@FAMILIES
def test_a_neighbour_that_moves_to_another_mac_address_in_silence_is_found(tc_network, address):
    """A standby takes over its address: nothing tells the gateway but that the old MAC address has fallen silent."""
    topology, daemon = tc_network
    b1 = topology.backends[0]
    neighbours = f"net.ipv{6 if is_v6(address) else 4}.neigh.{b1.device}"
    for setting, value in (("base_reachable_time_ms", 1000), ("delay_first_probe_time", 1), ("retrans_time_ms", 100)):
        topology.gateway.sysctl(f"{neighbours}.{setting}", value)
    serve(topology, daemon, [b1.address4, b1.address6])
    held = Held(topology, address)
    with held.pause():  # what the backend sends would tell its new address
        b1.namespace.ip("link", "set", "b0", "address", "02:00:00:00:00:99")
    held.go_on("to the new MAC address")
    assert held.end() == 0


# Links


def down_and_up(namespace, device, *addresses):
    """IPv6 addresses do not survive a link that goes down: whoever configured them does so again."""
    namespace.ip("link", "set", device, "down")
    namespace.ip("link", "set", device, "up")
    namespace.address(device, *(address for address in addresses if is_v6(address.split("/")[0])))


@FAMILIES
def test_links_that_go_down_and_come_back_lose_no_connection(network, address):
    topology, daemon = network
    b1 = topology.backends[0]
    serve(topology, daemon, [b1.address4, b1.address6])
    held = Held(topology, address)
    down_and_up(topology.gateway, b1.device, f"{b1.gateway6}/64")
    held.go_on("to the backend")
    down_and_up(topology.gateway, "g0", f"{GATEWAY6}/64")
    held.go_on("to the client")
    assert held.end() == 0
    assert connect(topology, 5, address)["answers"] == {"b1": 5}


@FAMILIES
def test_links_that_are_made_anew_lose_no_connection(network, address):
    topology, daemon = network
    b1 = topology.backends[0]
    serve(topology, daemon, [b1.address4, b1.address6])
    held = Held(topology, address)
    topology.gateway.ip("link", "del", b1.device)
    topology.connect_backend(b1)
    held.go_on("to the backend")
    topology.gateway.ip("link", "del", "g0")
    topology.connect_client()
    held.go_on("to the client")
    assert held.end() == 0
    assert connect(topology, 5, address)["answers"] == {"b1": 5}


@FAMILIES
def test_addresses_that_go_and_come_back_are_served_again(network, address):
    topology, daemon = network
    b1 = topology.backends[0]
    ours, towards = (f"{GATEWAY6}/64", f"{b1.gateway6}/64") if is_v6(address) else (f"{GATEWAY4}/24", f"{b1.gateway4}/24")
    serve(topology, daemon, [b1.address4, b1.address6])
    listeners = daemon.dump("listeners")
    topology.gateway.ip("addr", "del", ours, "dev", "g0")
    wait_until(lambda: len(daemon.dump("listeners")) < len(listeners), "the listener to go with its address")
    topology.gateway.address("g0", ours)
    wait_until(lambda: daemon.dump("listeners") == listeners, "the listener to come back")
    assert connect(topology, 5, address)["answers"] == {"b1": 5}
    topology.gateway.ip("addr", "del", towards, "dev", b1.device)
    wait_until(lambda: connect(topology, 1, address)["errors"] == {"ConnectionRefusedError": 1}, "a refusal: no source")
    topology.gateway.address(b1.device, towards)
    wait_until(lambda: connect(topology, 5, address)["answers"] == {"b1": 5}, "the backend to be used again")


@FAMILIES
def test_a_links_mtu_holds_from_when_it_is_set(network, address):
    topology, daemon = network
    b1 = topology.backends[0]
    serve(topology, daemon, [b1.address4, b1.address6], node=NODE)
    size = 1 << 20

    def set_mtu(mtu):
        topology.gateway.ip("link", "set", b1.device, "mtu", mtu)
        index = ifindex(topology.gateway, b1.device)
        wait_until(lambda: {row["ifindex"]: row["mtu"] for row in daemon.dump("links")}[index] == mtu, "the new MTU")

    transfer(topology.client, address, size)
    assert counters(daemon)["too_big"] == 0
    set_mtu(1400)
    # The backend knows too, but keeps offering segments for 1500.
    b1.namespace.ip("route", "change", "default", "via", b1.gateway4, "mtu", "1400", "advmss", "1460")
    b1.namespace.ip("-6", "route", "change", "default", "via", b1.gateway6, "mtu", "1400", "advmss", "1440")
    transfer(topology.client, address, size)
    told = counters(daemon)["too_big"]
    assert told > 0
    set_mtu(1500)
    topology.client.ip("route", "flush", "cache")
    topology.client.ip("-6", "route", "flush", "cache")
    transfer(topology.client, address, size)
    assert counters(daemon)["too_big"] == told


# Routes


class TwoPaths:
    """b1 and b2 both have the address `lone`, reached over either; the client has `VIP` routed to the gateway."""

    def __init__(self, topology, vip):
        self.gateway, self.backends = topology.gateway, topology.backends
        self.family, self.lone = ("-6", LONE6) if is_v6(vip) else ("-4", LONE4)
        for backend in self.backends:
            backend.namespace.ip("addr", "add", self.lone, "dev", "lo")

    def via(self, backend):
        return ["via", backend.address6 if self.family == "-6" else backend.address4]

    def route(self, *words):
        self.gateway.ip(self.family, "route", "replace", self.lone, *words)


@pytest.mark.parametrize("vip", [VIP4, VIP6], ids=["ipv4", "ipv6"])
def test_a_replaced_route_takes_effect(network, vip):
    topology, daemon = network
    b1, b2 = topology.backends
    paths = TwoPaths(topology, vip)
    paths.route(*paths.via(b1))
    serve(topology, daemon, [paths.lone], vips=[vip])
    assert connect(topology, 5, vip)["answers"] == {"b1": 5}
    paths.route(*paths.via(b2))
    wait_until(lambda: connect(topology, 5, vip)["answers"] == {"b2": 5}, "the new route")


@pytest.mark.parametrize("vip", [VIP4, VIP6], ids=["ipv4", "ipv6"])
def test_rules_choose_the_table(network, vip):
    """Full NAT: our own source address comes from the rule's table, too."""
    topology, daemon = network
    b1, b2 = topology.backends
    paths = TwoPaths(topology, vip)
    for table, backend in ((100, b1), (200, b2)):
        paths.route(*paths.via(backend), "table", table)
    paths.gateway.ip(paths.family, "rule", "add", "pref", 2000, "to", paths.lone, "lookup", 100)
    serve(topology, daemon, [paths.lone], vips=[vip])
    assert connect(topology, 5, vip)["answers"] == {"b1": 5}
    paths.gateway.ip(paths.family, "rule", "add", "pref", 1000, "to", paths.lone, "lookup", 200)
    wait_until(lambda: connect(topology, 5, vip)["answers"] == {"b2": 5}, "the new rule")


class TwoLinks:
    """The backend of TwoPaths has both links, so that connections may change between them: b1, with b2's link too."""

    def __init__(self, topology, vip):
        lab, gateway, self.backend = topology.lab, topology.gateway, topology.backends[0]
        self.gateway, self.family = gateway, "-6" if is_v6(vip) else "-4"
        self.lone = LONE6 if is_v6(vip) else LONE4
        lab.link(self.backend.namespace, "second", gateway, "second")
        self.backend.namespace.address("second", "10.0.50.2/24", "2001:db8:50::2/64")
        gateway.address("second", "10.0.50.1/24", "2001:db8:50::1/64")
        topology.prepare_for_xdp(self.backend.namespace, "second")
        self.backend.namespace.ip("addr", "add", self.lone, "dev", "lo")
        first, second = ((self.backend.address6, "2001:db8:50::2") if self.family == "-6"
                         else (self.backend.address4, "10.0.50.2"))
        back = ((self.backend.gateway6, "2001:db8:50::1") if self.family == "-6"
                else (self.backend.gateway4, "10.0.50.1"))
        self._multipath(gateway, self.lone, first, second)
        self._multipath(self.backend.namespace, "default", *back)
        self.links = {ifindex(gateway, self.backend.device), ifindex(gateway, "second")}

    def _multipath(self, namespace, target, *hops):
        words = [word for hop in hops for word in ("nexthop", "via", hop)]
        namespace.ip(self.family, "route", "replace", target, *words)

    def lose_the_second(self):
        for namespace in (self.backend.namespace, self.gateway):
            namespace.ip("link", "set", "second", "down")


@pytest.mark.parametrize("vip", [VIP4, VIP6], ids=["ipv4", "ipv6"])
def test_flows_spread_over_equal_paths_and_stay_on_theirs(network, vip):
    topology, daemon = network
    paths = TwoLinks(topology, vip)
    policy = f"net.ipv{6 if is_v6(vip) else 4}.fib_multipath_hash_policy"
    topology.gateway.sysctl(policy, 1)  # ports count
    serve(topology, daemon, [paths.lone], node=NODE, vips=[vip])
    held = Held(topology, vip, 30)
    before = flows_by_link(daemon)
    assert set(before.values()) == paths.links
    generation = daemon.dump("control")[0]["generation"]
    topology.gateway.ip("neigh", "add", "10.0.1.200", "lladdr", "02:00:00:00:00:77", "dev", "g0")
    wait_until(lambda: daemon.dump("control")[0]["generation"] > generation, "next hops to be looked up again")
    held.go_on("after the lookup")
    assert flows_by_link(daemon) == before
    paths.lose_the_second()
    held.go_on("over the path that is left")
    assert set(flows_by_link(daemon).values()) == {ifindex(topology.gateway, paths.backend.device)}
    assert held.end() == 0


def test_the_hosts_hash_policy_is_honoured(tc_network):
    """By default the kernel hashes addresses alone: one client and one backend take one path."""
    topology, daemon = tc_network
    paths = TwoLinks(topology, VIP4)
    serve(topology, daemon, [paths.lone], node=NODE, vips=[VIP4])
    held = Held(topology, VIP4, 30)
    assert len(set(flows_by_link(daemon).values())) == 1
    assert held.end() == 0
