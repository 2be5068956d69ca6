# SPDX-License-Identifier: Apache-2.0
"""Two gateways with one VIP behind a router: connections move from one to the other in mid-stream.

client --- router --- gateway a, gateway b --- server. The router's route to the VIP and the server's route back choose
the gateway, as a router that hashes over both would when one of them comes or goes. With direct return the server
answers by a link of its own to the router."""

import json

import pytest

from helpers import wait_until
from lab import manifests
from lab.topology import NODE, PYTHON, TESTS, Daemon

VIP, SERVER, CLIENT = "192.0.2.10", "10.0.40.2", "10.0.1.2"
HELD, PORT = 60, 9000
ROUTE = {"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "name": "r"}


class TwoGateways:
    """What Daemon wants of a topology, for two of them."""

    def __init__(self, lab):
        self.lab = lab
        self.client, self.router, self.server = (lab.namespace(name) for name in ("client", "router", "server"))
        self._link(1, self.router, self.client)
        self.client.ip("route", "add", "default", "via", "10.0.1.1")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.server.ip("addr", "add", f"{SERVER}/32", "dev", "lo")
        self.gateways = [self._gateway(name, number) for number, name in enumerate("ab")]
        self._link(50, self.router, self.server)

    def _link(self, net, first, second):
        names = f"v{net}a", f"v{net}b"
        self.lab.link(first, names[0], second, names[1])
        first.address(names[0], f"10.0.{net}.1/24")
        second.address(names[1], f"10.0.{net}.2/24")

    def _gateway(self, name, number):
        gateway = self.lab.namespace(f"gateway-{name}")
        self._link(20 + number, self.router, gateway)
        self._link(30 + number, gateway, self.server)
        gateway.ip("route", "add", "default", "via", f"10.0.{20 + number}.1")
        gateway.ip("route", "add", f"{SERVER}/32", "dev", f"v{30 + number}a")
        return gateway

    def go_through(self, number):
        """The client's packets, and then the answers, take that gateway."""
        self._lead_to(number)
        self.server.ip("route", "replace", "default", "via", f"10.0.{30 + number}.1")

    def answer_directly(self):
        """The server has the VIP, and its way to the client does not lead by a gateway."""
        self.server.ip("addr", "add", f"{VIP}/32", "dev", "lo")
        self.go_through = self._lead_to
        self.server.ip("route", "replace", "default", "via", "10.0.50.1")

    def _lead_to(self, number):
        self.router.ip("route", "replace", f"{VIP}/32", "via", f"10.0.{20 + number}.2")


@pytest.fixture
def two(lab):
    topology = TwoGateways(lab)
    server = topology.server.start("server", PYTHON, TESTS / "lab" / "server.py", "s", PORT)
    server.wait_for("listening")
    return topology, [Daemon(topology, namespace=gateway, name=f"portcullis-{name}", attach="tc")
                      for gateway, name in zip(topology.gateways, "ab")]


def hold_through_a(topology, daemons, node=None, direct_return="None"):
    for daemon in daemons:
        daemon.write("web.yaml", manifests.documents(
            manifests.gateway(addresses=[VIP], listeners=(("tcp", PORT),)), manifests.tcp_route("r", s=1),
            *manifests.service("s", [SERVER], port=PORT, node=node),
            manifests.policy("UpstreamPolicy", ROUTE, directReturn=direct_return)))
        daemon.start()
    topology.go_through(0)
    held = topology.client.start("hold", *topology.client.enter(
        PYTHON, TESTS / "lab" / "client.py", "hold", VIP, PORT, HELD)[2:])
    held.wait_for("round 1\n")
    return held


def rounds(held):
    return held.output().count("round ")


@pytest.mark.parametrize("mode", ["DNAT", "DSR"])
def test_connections_move_to_the_other_gateway_and_back(two, mode):
    topology, daemons = two
    if mode == "DSR":
        topology.answer_directly()
    held = hold_through_a(topology, daemons, NODE, "SameSegment" if mode == "DSR" else "None")
    for number in (1, 0, 1):
        topology.go_through(number)
        before = rounds(held)
        wait_until(lambda: rounds(held) > before + 2, f"traffic through gateway {number}")
    daemons[0].unload()
    before = rounds(held)
    wait_until(lambda: rounds(held) > before + 2, "traffic when the first gateway is gone")
    flows = daemons[1].dump("flows")
    assert [flow["mode"] for flow in flows] == HELD * [mode]
    if mode == "DNAT":  # of direct answers a gateway sees nothing
        assert {flow["state"] for flow in flows} == {"ESTABLISHED"}
    held.stop()
    assert json.loads(held.output().splitlines()[-1])["broken"] == 0


def test_full_nat_cannot_move_and_says_so_at_once(two):
    """The source port is known to one gateway alone. The other one answers with a RST, not with silence."""
    topology, daemons = two
    held = hold_through_a(topology, daemons)
    topology.go_through(1)
    held.popen.wait(10)
    assert json.loads(held.output().splitlines()[-1])["broken"] == HELD
