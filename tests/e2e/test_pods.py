# SPDX-License-Identifier: Apache-2.0
"""Pods of the gateway host as clients and as backends: each behind a veth of its own with a route to it, or on a bridge."""

import json

import pytest

from helpers import connect, wait_until
from lab import manifests
from lab.lab import Lab, run
from lab.topology import Daemon, GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS, Topology, is_v6

CLIENT = TESTS / "lab" / "client.py"
UDP = TESTS / "lab" / "udp.py"
BRIDGE4, BRIDGE6 = "10.8.0.1", "2001:db8:8::1"  # the host's own on the bridge
GATEWAYS = {GATEWAY4, GATEWAY6, BRIDGE4, BRIDGE6, "10.0.11.1", "2001:db8:11::1"}
FAMILIES = pytest.mark.parametrize("vip", [GATEWAY4, GATEWAY6], ids=["ipv4", "ipv6"])


class Pod:
    """A network namespace with a veth to the gateway host, and a server in it."""

    def __init__(self, node, name, number):
        self.name, self.node, self.number = name, node, number
        self.namespace = node.lab.namespace(name)
        self.device = f"v{name}"  # the host's end
        node.lab.link(self.namespace, "eth0", node.gateway, self.device)
        if node.attach == "xdp":
            node.topology.prepare_for_xdp(self.namespace, "eth0")

    def serve(self):
        for script, words in ((TESTS / "lab" / "server.py", ()), (UDP, ("server",))):
            server = self.namespace.start(f"{self.name}-{script.stem}", PYTHON, script, *words, self.name, 9000)
            server.wait_for("listening")
        return self

    @property
    def addresses(self):
        return [self.address4, self.address6]

    def ask(self, script, *words):
        return json.loads(run(*self.namespace.enter(PYTHON, script, *words)))

    def connect(self, number, vip, port=8080):
        return self.ask(CLIENT, "count", vip, port, number)


class RoutedPod(Pod):
    """The host has a route to the pod's address and no address of its own on the link (as Calico does it)."""

    def __init__(self, node, name, number):
        super().__init__(node, name, number)
        self.address4, self.address6 = f"10.9.0.{number}", f"2001:db8:9::{number}"
        host, pod = node.gateway, self.namespace
        host.address(self.device, "fe80::1/64")
        pod.address("eth0", f"{self.address4}/32", f"{self.address6}/128")
        mac = json.loads(host.ip("-j", "link", "show", self.device))[0]["address"]
        pod.ip("neigh", "add", "169.254.1.1", "lladdr", mac, "dev", "eth0")
        pod.ip("route", "add", "169.254.1.1", "dev", "eth0", "scope", "link")
        pod.ip("route", "add", "default", "via", "169.254.1.1")
        pod.ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0")
        for address in self.addresses:
            host.ip("route", "add", address, "dev", self.device)


class BridgedPod(Pod):
    """A port of the host's bridge; pods of the bridge speak to each other directly."""

    def __init__(self, node, name, number):
        super().__init__(node, name, number)
        self.address4, self.address6 = f"10.8.0.{number}", f"2001:db8:8::{number}"
        node.gateway.ip("link", "set", self.device, "master", "cni0", "up")
        self.namespace.address("eth0", f"{self.address4}/24", f"{self.address6}/64")
        self.namespace.default_route(BRIDGE4, BRIDGE6)


class Node:
    """The gateway host with pods r1 and r2 (routed), p1 and p2 (on a bridge), and a backend b1 elsewhere."""

    def __init__(self, lab, attach):
        self.lab, self.attach = lab, attach
        self.topology = Topology(lab, backends=1, xdp=attach == "xdp")
        self.topology.serve_identity()
        self.gateway = self.topology.gateway
        self.gateway.ip("link", "add", "cni0", "type", "bridge")
        self.gateway.address("cni0", f"{BRIDGE4}/24", f"{BRIDGE6}/64")
        self.pods = {pod.name: pod.serve() for pod in (RoutedPod(self, "r1", 11), RoutedPod(self, "r2", 12),
                                                      BridgedPod(self, "p1", 11), BridgedPod(self, "p2", 12))}
        self.daemon = Daemon(self.topology, attach=attach)
        self.serve()

    def serve(self):
        """8080: every pod and b1 with equal weights; 8081: r1 alone; 8082: p1 alone."""
        b1, pods = self.topology.backends[0], self.pods.values()
        self.daemon.write("web.yaml", manifests.documents(
            manifests.gateway(listeners=(("all", 8080), ("r1", 8081), ("p1", 8082), ("udp", 8080))),
            manifests.tcp_route("t", section="all", b1=1, **{pod.name: 1 for pod in pods}),
            manifests.tcp_route("t-r1", section="r1", r1=1), manifests.tcp_route("t-p1", section="p1", p1=1),
            manifests.udp_route("u", **{f"u{pod.name}": 1 for pod in pods}),
            *manifests.service("b1", [b1.address4, b1.address6]),
            *(thing for pod in pods for thing in manifests.service(pod.name, pod.addresses, node=NODE)),
            *(thing for pod in pods for thing in manifests.service(f"u{pod.name}", pod.addresses, node=NODE,
                                                                   protocol="UDP"))))
        self.daemon.start()


@pytest.fixture(scope="module", params=["tc", "xdp"])
def node(request):
    """One for all tests: nothing that they do disturbs another."""
    with Lab("pods") as lab:
        yield Node(lab, request.param)


def seen_by(result):
    """{server: whom it sees}"""
    seen = {}
    for line in result["seen"]:
        name, peer = line.split()
        seen.setdefault(name, set()).add(peer)
    return seen


@FAMILIES
@pytest.mark.parametrize("client", ["r1", "p1"])
def test_a_pod_reaches_every_backend_itself_among_them(node, client, vip):
    """Backends on this node see the pod, unless they would then answer it past the gateway: itself, and those on its bridge."""
    pod = node.pods[client]
    result = pod.connect(100, vip)
    assert not result["errors"]
    seen = seen_by(result)
    assert set(seen) == {"r1", "r2", "p1", "p2", "b1"}
    hidden_from = {"r1": {"r1", "b1"}, "p1": {"p1", "p2", "b1"}}[client]
    own = pod.address6 if is_v6(vip) else pod.address4
    for name, peers in seen.items():
        assert peers <= GATEWAYS if name in hidden_from else peers == {own}, f"{name} sees {peers}"


@FAMILIES
def test_udp_reaches_every_pod_itself_among_them(node, vip):
    result = node.pods["p1"].ask(UDP, "client", vip, 8080, 60, 2)
    assert (result["lost"], result["refused"], result["moved"]) == (0, 0, 0)
    assert set(result["answers"]) == {"r1", "r2", "p1", "p2"}
    assert set(result["sources"]) == {f"{vip} 8080"}


@FAMILIES
def test_a_large_transfer_through_the_hairpin_arrives_intact(node, vip):
    for name, port in (("r1", 8081), ("p1", 8082)):
        pod = node.pods[name]
        assert set(pod.connect(5, vip, port)["answers"]) == {name}
        assert pod.ask(CLIENT, "transfer", vip, port, 16 << 20) == {"bytes": 16 << 20, "intact": True}


@FAMILIES
def test_clients_from_elsewhere_are_seen_by_the_nodes_pods(node, vip):
    result = connect(node.topology, 100, vip)
    assert not result["errors"]
    client = "2001:db8:1::2" if is_v6(vip) else "10.0.1.2"
    seen = seen_by(result)
    assert all(seen[name] == {client} for name in node.pods)


def test_a_pod_that_appears_later_is_served(node):
    pod = RoutedPod(node, "late", 20)
    wait_until(lambda: pod.device in node.daemon.gwctl("status"), "its link to be attached to")
    result = pod.connect(40, GATEWAY4)
    assert sum(result["answers"].values()) == 40
    pod.namespace.delete()
    wait_until(lambda: pod.device not in node.daemon.gwctl("status"), "its link to be forgotten")
    assert node.daemon.gwctl_code("status")[0] == 0
