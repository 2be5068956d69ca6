# SPDX-License-Identifier: Apache-2.0
"""Connections reach backends: by weight, in both families, with and without the client's address."""

import socket
import struct

import pytest

from helpers import assert_share, connect, ipv4_packet, outcomes, transfer, udp_segment
from lab import manifests
from lab.topology import CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS


def test_connections_are_split_by_weight(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 70, "b2": 30}))
    daemon.start()
    result = connect(topology, 600)
    assert not result["errors"]
    assert_share(outcomes(result), "b1", 0.7)


def test_a_backend_of_weight_zero_gets_nothing(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 0}))
    daemon.start()
    assert connect(topology, 100)["answers"] == {"b1": 100}


def test_weight_belongs_to_the_reference_not_to_its_endpoints(network):
    """One Service with two endpoints against one with one, at equal weights: half and half."""
    topology, daemon = network
    b1, b2 = topology.backends
    b1.namespace.address("b0", "10.0.11.3/24")
    daemon.write("web.yaml", manifests.documents(
        manifests.gateway(), manifests.tcp_route("r", many=50, one=50),
        *manifests.service("many", [b1.address4, "10.0.11.3"]), *manifests.service("one", [b2.address4])))
    daemon.start()
    assert_share(outcomes(connect(topology, 400)), "b2", 0.5)


@pytest.mark.parametrize("node, peers", [(None, {"10.0.11.1"}), (NODE, {CLIENT4})])
def test_the_backend_sees_the_client_only_on_the_same_node(network, node, peers):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}, node=node))
    daemon.start()
    assert set(connect(topology, 20)["peers"]) == peers


@pytest.mark.parametrize("node, peers", [(None, {"2001:db8:11::1"}), (NODE, {CLIENT6})])
def test_ipv6_is_forwarded_like_ipv4(network, node, peers):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}, node=node))
    daemon.start()
    result = connect(topology, 20, GATEWAY6)
    assert result["answers"] == {"b1": 20}
    assert set(result["peers"]) == peers


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
@pytest.mark.parametrize("node", [None, NODE])
def test_a_large_transfer_arrives_intact(network, address, node):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}, node=node))
    daemon.start()
    size = 64 << 20
    transfer(topology.client, address, size)


SOL_PACKET, PACKET_VNET_HDR = 263, 15


def send_with_headers_in_pages(namespace, device, frame):
    """As from drivers that leave no more than the Ethernet header in the linear part of an skb."""
    with namespace.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((device, 0))
        sender.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        # struct virtio_net_hdr with hdr_len 14, which counts for frames that are longer than a page.
        sender.send(struct.pack("<BBHHHH", 0, 0, 14, 0, 0, 0) + frame)


def test_a_frame_whose_headers_lie_in_pages_is_forwarded(tc_network):
    topology, daemon = tc_network
    b1 = topology.backends[0]
    for namespace, device in ((topology.client, "c0"), (topology.gateway, "g0"), (topology.gateway, b1.device),
                              (b1.namespace, "b0")):
        namespace.ip("link", "set", device, "mtu", 9000)
    b1.namespace.start("echo", PYTHON, TESTS / "lab" / "udp.py", "server", "echo", 9000).wait_for("listening")
    daemon.write("u.yaml", manifests.documents(
        manifests.gateway(listeners=(("udp", 8080), ("tcp", 8080))), manifests.udp_route("u", u=1),
        manifests.tcp_route("b1", b1=1), *manifests.service("b1", [b1.address4]),
        *manifests.service("u", [b1.address4], protocol="UDP")))
    daemon.start()
    assert not connect(topology, 1)["errors"]  # so the neighbours are known
    payload = bytes(range(256)) * 24
    with topology.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.bind((CLIENT4, 0))
        segment = udp_segment(client.getsockname(), (GATEWAY4, 8080), payload)
        macs = bytes.fromhex((topology.gateway.mac("g0") + topology.client.mac("c0")).replace(":", ""))
        frame = macs + b"\x08\x00" + ipv4_packet(CLIENT4, GATEWAY4, segment)
        for _ in range(2):  # of a new flow, and of a known one
            send_with_headers_in_pages(topology.client, "c0", frame)
            assert client.recv(65536) == payload


def test_other_ports_of_the_node_are_left_alone(network):
    """A server of the gateway host itself keeps working beside the listeners."""
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    own = topology.gateway.start("own-server", PYTHON, TESTS / "lab" / "server.py", "host", 2222)
    own.wait_for("listening")
    assert connect(topology, 5, port=2222)["answers"] == {"host": 5}
