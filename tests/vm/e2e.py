# SPDX-License-Identifier: Apache-2.0
"""A short end-to-end run under another kernel, at the top of the tree: e2e.py SERIES ("6.12").

On tc and on XDP, connections of both families reach their backends, also in VLANs with one tag and two and through
tunnels that the backend takes apart, for which the host of `./dev test` may have no devices; and the kernel's features
are the expected ones.
The sockets of all hosts are this one process's: under emulation a second Python takes seconds to start."""

import contextlib
import ctypes
import json
import os
import select
import socket
import sys
import time
from pathlib import Path

import lab.lab
from lab import manifests
from lab.lab import Lab, missing_requirement
from lab.topology import GATEWAY4, GATEWAY6, Daemon, Topology

CLONE_NEWNET = 0x40000000
PORT, BACKEND_PORT = 8080, 9000
CONNECTIONS = 8  # of each family
TIMEOUT = 60  # s; an emulated machine is slow
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(path):
    with open(path, "rb") as namespace:
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {path}")


@contextlib.contextmanager
def inside(namespace):
    """Sockets made here are that namespace's."""
    own = f"/proc/self/task/{os.getpid()}/ns/net"
    with open(own, "rb") as back:
        enter(f"/run/netns/{namespace.full_name}")
        try:
            yield
        finally:
            LIBC.setns(back.fileno(), CLONE_NEWNET)


class Server:
    """Listens on a port of a backend's addresses."""

    def __init__(self, backend):
        self.name = backend.name
        with inside(backend.namespace):
            self.socket = socket.create_server(("", BACKEND_PORT), family=socket.AF_INET6, dualstack_ipv6=True)

    def fileno(self):
        return self.socket.fileno()

    def accept(self):
        connection, _ = self.socket.accept()
        connection.settimeout(TIMEOUT)
        return connection


def exchange(sender, receiver, data):
    sender.sendall(data)
    received = b""
    while len(received) < len(data):
        received += receiver.recv(len(data) - len(received))
    assert received == data, f"{len(received)} bytes arrived otherwise than sent"


def converse(client, servers, address, port=PORT):
    """One connection with data both ways; says which server has it."""
    with inside(client):
        near = socket.create_connection((address, port), TIMEOUT)
    ready, _, _ = select.select(servers, [], [], TIMEOUT)
    assert len(ready) == 1, f"{len(ready)} servers have a connection to {address}"
    with near, ready[0].accept() as far:
        for data in (b"q", b"q" * 20000):
            exchange(near, far, data)
            exchange(far, near, data)
    return ready[0].name


def check_features(daemon, series):
    """What the daemon found is what this kernel is known to have."""
    expected = json.loads((Path(__file__).parent / "features.json").read_text())[series]
    status = json.loads(daemon.gwctl("status", "-o", "json"))
    found = {feature["name"]: feature["inKernel"] for feature in status["features"]}
    assert found == {name: name in expected for name in found}, f"Linux {series}: {found}"
    return {link["name"]: link["dataPath"] for link in status["links"]}


class Vlans:
    """The client and the gateway share a VLAN and a QinQ VLAN, the gateway and b1 another VLAN."""

    VIPS = ("10.0.100.1", "2001:db8:100::1", "10.0.101.1", "2001:db8:101::1")
    BACKEND = ("10.0.102.2", "2001:db8:102::2")

    def __init__(self, topology):
        self.topology, self.b1 = topology, topology.backends[0]
        ends = ((topology.gateway, "g0", 1), (topology.client, "c0", 2))
        for namespace, device, number in ends:
            self._show_tags_to_xdp(namespace, device)
            self._vlan(namespace, device, "v100", number, 100, ("id", 100))
            namespace.ip("link", "add", "link", device, "name", "s5", "type", "vlan", "proto", "802.1ad", "id", 5)
            namespace.ip("link", "set", "s5", "up")
            self._vlan(namespace, "s5", "v101", number, 101, ("id", 100))
            namespace.ip("link", "set", "v101", "mtu", 1496)  # a veth has room for one tag
        for namespace, device, number in ((topology.gateway, self.b1.device, 1), (self.b1.namespace, "b0", 2)):
            self._show_tags_to_xdp(namespace, device)
            self._vlan(namespace, device, "v102", number, 102, ("id", 200))

    @staticmethod
    def _show_tags_to_xdp(namespace, device):
        """Otherwise the tag travels beside the frame."""
        namespace.run("ethtool", "-K", device, "rxvlan", "off", "txvlan", "off", "tx-vlan-stag-hw-insert", "off")

    @staticmethod
    def _vlan(namespace, parent, name, number, net, tag):
        namespace.ip("link", "add", "link", parent, "name", name, "type", "vlan", *tag)
        namespace.address(name, f"10.0.{net}.{number}/24", f"2001:db8:{net}::{number}/64")

    def check(self, servers, daemon):
        """Through the gateway, from VLANs and to one."""
        daemon.write("web.yaml", manifests.documents(
            manifests.gateway(), manifests.tcp_route("r", s=1), *manifests.service("s", self.BACKEND)))
        wait_for_backends(daemon, self.BACKEND)
        for vip in self.VIPS:
            converse(self.topology.client, servers, vip)
            before = counters(daemon)
            assert converse(self.topology.client, servers, vip) == "b1"
            change = {word: packets - before[word] for word, packets in counters(daemon).items()}
            if daemon.attach == "xdp":  # a frame that XDP leaves to tc is counted as passed, and forwarded by tc
                assert change["passed"] < change["forwarded"] / 2 and change["xdp_to_tc"] == 0, change
        print(f"{daemon.attach}: {', '.join(self.VIPS)}: in VLANs", flush=True)


class Tunnels:
    """b1 takes IP in IP apart, has the VIPs itself and answers the client directly."""

    VIPS = ("192.0.2.10", "2001:db8:f::10")
    ROUTE = {"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "name": "r"}

    def __init__(self, topology):
        self.topology, self.b1 = topology, topology.backends[0]
        b1 = self.b1.namespace
        b1.ip("link", "add", "t4", "type", "ipip", "local", self.b1.address4)
        b1.ip("link", "add", "t6", "type", "ip6tnl", "mode", "ip6ip6", "local", self.b1.address6, "remote", "::")
        for device, vip in zip(("t4", "t6"), self.VIPS):
            b1.ip("link", "set", device, "up")
            b1.ip("addr", "add", vip, "dev", "lo")
        for device in ("all", "t4"):
            b1.sysctl(f"net.ipv4.conf.{device}.rp_filter", 0)
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):  # the answers are forwarded by the kernel
            topology.gateway.sysctl(key, 1)

    def check(self, servers, daemon):
        daemon.write("web.yaml", manifests.documents(
            manifests.gateway(addresses=self.VIPS, listeners=(("tcp", BACKEND_PORT),)), manifests.tcp_route("r", s=1),
            *manifests.service("s", [self.b1.address4, self.b1.address6], port=BACKEND_PORT),
            manifests.policy("UpstreamPolicy", self.ROUTE, directReturn="Tunnel")))
        wait_for_backends(daemon, {self.b1.address4, self.b1.address6})
        for vip in self.VIPS:
            converse(self.topology.client, servers, vip, BACKEND_PORT)
        assert {flow["mode"] for flow in daemon.dump("flows") if flow["vip"].strip("[").startswith(self.VIPS)} == {"DSR tunnel"}
        print(f"{daemon.attach}: {', '.join(self.VIPS)}: through tunnels", flush=True)


def wait_for_backends(daemon, addresses):
    """Until all backends but those that drain are the ones at these addresses."""
    def present():
        endpoints = [row["backend"] for row in daemon.dump("backends") if row["drains"] == "-"]
        return {endpoint.rsplit(":", 1)[0].strip("[]") for endpoint in endpoints}

    deadline = time.monotonic() + TIMEOUT
    while present() != set(addresses):
        assert time.monotonic() < deadline, f"the backends are {present()}, not {addresses}"
        time.sleep(0.1)


def counters(daemon):
    return {row["counter"]: row["packets"] for row in daemon.dump("counters")}


def check_hook(topology, series, attach, servers, special):
    daemon = Daemon(topology, name=f"portcullis-{attach}", attach=attach)
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    links = check_features(daemon, series)
    assert {links["g0"], links["gb1"]} == {attach}, links
    handed_over = [row["ifindex"] for row in daemon.dump("links") if row["peer"]]
    assert len(handed_over) == 1 + len(topology.backends), "the other ends are in other namespaces"
    for address in (GATEWAY4, GATEWAY6):
        names = {converse(topology.client, servers, address) for _ in range(CONNECTIONS)}
        print(f"{attach}: {address}: {CONNECTIONS} connections reach {', '.join(sorted(names))}", flush=True)
    for network in special:
        network.check(servers, daemon)
    daemon.unload()


def main(series):
    reason = missing_requirement()
    if reason:
        sys.exit(reason)
    lab.lab.PATIENCE = TIMEOUT
    with Lab("vm") as made:
        topology = Topology(made, backends=2, xdp=True)
        servers = [Server(backend) for backend in topology.backends]
        special = [Vlans(topology), Tunnels(topology)]
        for attach in ("tc", "xdp"):
            check_hook(topology, series, attach, servers, special)


main(*sys.argv[1:])
