# SPDX-License-Identifier: Apache-2.0
"""Packets for another network namespace, such as a pod's, are handed to its end of the veth; not past anybody who looks at
what leaves by the veth, or holds it back."""

import json

import pytest

from helpers import connect, transfer, wait_until
from lab import manifests
from lab.lab import Lab
from lab.topology import BIN, GATEWAY4, GATEWAY6, NODE, Daemon, Topology, kernel_version

CONNECTIONS = 50
NEEDS_TCX = pytest.mark.skipif(kernel_version() < (6, 6), reason="tcx needs Linux 6.6")
FAMILIES = pytest.mark.parametrize("vip", [GATEWAY4, GATEWAY6], ids=["ipv4", "ipv6"])


class Node:
    """A gateway host with the pod b1."""

    def __init__(self, lab, config=""):
        self.topology = Topology(lab, backends=1)
        self.topology.serve_identity()
        self.pod = self.topology.backends[0]
        self.daemon = Daemon(self.topology, attach="tc", config=config)
        self.daemon.write("web.yaml", manifests.documents(
            manifests.gateway(), manifests.tcp_route("t", b1=1),
            *manifests.service("b1", [self.pod.address4, self.pod.address6], node=NODE)))
        self.daemon.start()

    def tc(self, *words):
        self.topology.gateway.run("tc", *words)

    def link(self):
        return json.loads(self.topology.gateway.ip("-s", "-j", "link", "show", self.pod.device))[0]

    def is_peer(self):
        return {row["ifindex"]: row["peer"] for row in self.daemon.dump("links")}[self.link()["ifindex"]]

    def wait_until_peer(self, wanted):
        wait_until(lambda: self.is_peer() == wanted, f"peer to be {wanted}", 20)

    def sent_by_link(self):
        """Packets that have left by the pod's veth."""
        return self.link()["stats64"]["tx"]["packets"]

    def connect(self, vip=GATEWAY4):
        """How many packets left by the veth for CONNECTIONS connections, all of which were answered."""
        before = self.sent_by_link()
        result = connect(self.topology, CONNECTIONS, vip)
        assert result["answers"] == {"b1": CONNECTIONS}, result
        return self.sent_by_link() - before

    def start_policy(self, how):
        """Somebody's program on the pod's veth, which lets nothing out."""
        policy = self.topology.gateway.start(f"policy-{how}", BIN / "live_frames", "block", how, self.pod.device)
        policy.wait_for("blocking")
        return policy


@pytest.fixture(scope="module")
def node():
    with Lab("peers") as lab:
        yield Node(lab)


@FAMILIES
def test_a_pod_gets_its_packets_without_its_links_queue(node, vip):
    assert node.is_peer()
    assert node.connect(vip) < CONNECTIONS / 2, "no more than the neighbours ask each other"


@FAMILIES
def test_a_large_transfer_to_a_pod_arrives_intact(node, vip):
    transfer(node.topology.client, vip, 32 << 20)


def test_a_queue_on_the_link_is_waited_in(node):
    node.tc("qdisc", "add", "dev", node.pod.device, "root", "pfifo", "limit", "1000")
    node.wait_until_peer(False)
    assert node.connect() >= 3 * CONNECTIONS
    node.tc("qdisc", "del", "dev", node.pod.device, "root")
    node.wait_until_peer(True)
    assert node.connect() < CONNECTIONS / 2


@pytest.mark.parametrize("how", [pytest.param("tcx", marks=NEEDS_TCX), "clsact"])
def test_a_policy_on_the_link_is_not_passed_by(node, how):
    policy = node.start_policy(how)
    node.wait_until_peer(False)
    assert not connect(node.topology, 1)["answers"]
    policy.stop()
    if how == "clsact":
        node.tc("qdisc", "del", "dev", node.pod.device, "clsact")
    node.wait_until_peer(True)
    node.connect()


def test_it_can_be_done_without():
    with Lab("peerless") as lab:
        node = Node(lab, config="disabledFeatures: [peer-redirect]\n")
        assert not node.is_peer()
        assert node.connect() >= 3 * CONNECTIONS


@NEEDS_TCX
def test_a_daemon_that_does_without_tcx_passes_by_no_policy_there():
    with Lab("clsact") as lab:
        node = Node(lab, config="disabledFeatures: [tcx]\n")
        assert node.is_peer()
        policy = node.start_policy("tcx")
        node.wait_until_peer(False)
        assert not connect(node.topology, 1)["answers"]
        policy.stop()
        node.wait_until_peer(True)
