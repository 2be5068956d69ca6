# SPDX-License-Identifier: Apache-2.0
"""Paths on which not every packet fits: path MTU discovery through the gateway, in both directions, and fragments.

gateway --1500-- router --1400-- router --1500-- far: neither end can know of the narrow link but by ICMP."""

import json

import pytest

from helpers import counters, transfer
from lab import manifests
from lab.lab import run
from lab.topology import GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS

FAR4, FAR6 = "10.0.32.2", "2001:db8:32::2"
NEAR4, NEAR6 = "10.0.30.1", "2001:db8:30::1"  # the gateway, from there
SIZE = 4 << 20


class Far:
    """A host behind a narrow link."""

    def __init__(self, topology):
        lab, gateway = topology.lab, topology.gateway
        near, self.host = lab.namespace("near"), lab.namespace("far")
        self.near = near
        distant = lab.namespace("distant")
        self._segment(lab, 30, gateway, "gr", near, "r0")
        self._segment(lab, 31, near, "r1", distant, "r2", mtu=1400)
        self._segment(lab, 32, distant, "r3", self.host, "f0")
        for router in (near, distant):
            router.sysctl("net.ipv4.ip_forward", 1)
            router.sysctl("net.ipv6.conf.all.forwarding", 1)
        for net in (31, 32):
            self._route(gateway, net, 30, 2)
        self._route(near, 32, 31, 2)
        near.default_route(NEAR4, NEAR6)
        distant.default_route("10.0.31.1", "2001:db8:31::1")
        self.host.default_route("10.0.32.1", "2001:db8:32::1")

    @staticmethod
    def _segment(lab, net, first, first_device, second, second_device, mtu=1500):
        lab.link(first, first_device, second, second_device)
        for number, (host, device) in enumerate(((first, first_device), (second, second_device)), 1):
            host.ip("link", "set", device, "mtu", mtu)
            host.address(device, f"10.0.{net}.{number}/24", f"2001:db8:{net}::{number}/64")

    @staticmethod
    def _route(host, net, via_net, via_number):
        host.ip("route", "add", f"10.0.{net}.0/24", "via", f"10.0.{via_net}.{via_number}")
        host.ip("-6", "route", "add", f"2001:db8:{net}::/64", "via", f"2001:db8:{via_net}::{via_number}")


@pytest.fixture
def far(network):
    topology, _ = network
    made = Far(topology)
    if network[1].attach == "xdp":
        made.host.offloads("f0", tx="off")
        made.near.offloads("r0", gro="on")
    return made


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
@pytest.mark.parametrize("node", [None, NODE])
def test_the_client_learns_of_a_narrow_link_behind_the_gateway(network, far, address, node):
    topology, daemon = network
    server = far.host.start("server-far", PYTHON, TESTS / "lab" / "server.py", "far", 9000)
    server.wait_for("listening")
    daemon.write("web.yaml", manifests.documents(
        manifests.gateway(), manifests.tcp_route("r", far=1), *manifests.service("far", [FAR4, FAR6], node=node)))
    daemon.start()
    transfer(topology.client, address, SIZE)
    assert counters(daemon)["icmp_translated"] > 0


@pytest.mark.parametrize("address", [NEAR4, NEAR6])
@pytest.mark.parametrize("node", [None, NODE])
def test_the_backend_learns_of_a_narrow_link_before_the_gateway(network, far, address, node):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}, node=node))
    daemon.start()
    transfer(far.host, address, SIZE)
    assert counters(daemon)["icmp_translated"] > 0


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
def test_the_gateway_tells_of_its_own_narrow_link(network, address):
    topology, daemon = network
    backend = topology.backends[0]
    topology.gateway.ip("link", "set", backend.device, "mtu", "1400")
    # The backend knows too, but keeps offering segments for 1500: what it receives is not limited by what it sends.
    backend.namespace.ip("route", "change", "default", "via", backend.gateway4, "mtu", "1400", "advmss", "1460")
    backend.namespace.ip("-6", "route", "change", "default", "via", backend.gateway6, "mtu", "1400", "advmss", "1440")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}, node=NODE))
    daemon.start()
    transfer(topology.client, address, SIZE)
    assert counters(daemon)["too_big"] > 0


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
@pytest.mark.parametrize("node", [None, NODE])
def test_datagrams_in_pieces_arrive_whole(network, address, node):
    topology, daemon = network
    backend = topology.backends[0]
    server = backend.namespace.start("echo", PYTHON, TESTS / "lab" / "udp.py", "server", "echo", 9000)
    server.wait_for("listening")
    daemon.write("web.yaml", manifests.documents(
        manifests.gateway(listeners=(("udp", 8080),)), manifests.udp_route("r", b1=1),
        *manifests.service("b1", [backend.address4, backend.address6], node=node, protocol="UDP")))
    daemon.start()
    sent = json.loads(run(*topology.client.enter(PYTHON, TESTS / "lab" / "udp.py", "large", address, 8080, 20, 9000)))
    assert sent == {"intact": 20, "lost": 0}
