# SPDX-License-Identifier: Apache-2.0
"""Packets for another network namespace, such as a pod's, are handed to its end of the veth; not past anybody who looks at
what leaves by the veth, or holds it back."""

import json

import pytest

from helpers import connect, wait_until
from lab import manifests
from lab.lab import Lab, run
from lab.topology import BIN, GATEWAY4, GATEWAY6, NODE, Daemon, Topology, kernel_version

CONNECTIONS = 50
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
    result = json.loads(run(*node.topology.client_command("transfer", vip, 8080, 32 << 20)))
    assert result == {"bytes": 32 << 20, "intact": True}


def test_a_queue_on_the_link_is_waited_in(node):
    node.tc("qdisc", "add", "dev", node.pod.device, "root", "pfifo", "limit", "1000")
    node.wait_until_peer(False)
    assert node.connect() >= 3 * CONNECTIONS
    node.tc("qdisc", "del", "dev", node.pod.device, "root")
    node.wait_until_peer(True)
    assert node.connect() < CONNECTIONS / 2


@pytest.mark.parametrize("how", ["tcx", "clsact"])
def test_a_policy_on_the_link_is_not_passed_by(node, how):
    if how == "tcx" and kernel_version() < (6, 6):
        pytest.skip("tcx needs Linux 6.6")
    policy = node.topology.gateway.start(f"policy-{how}", BIN / "live_frames", "block", how, node.pod.device)
    policy.wait_for("blocking")
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
