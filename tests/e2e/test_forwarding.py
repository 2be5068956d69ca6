# SPDX-License-Identifier: Apache-2.0
"""Connections reach backends: by weight, in both families, with and without the client's address."""

import json

import pytest

from helpers import assert_share, connect
from lab import manifests
from lab.lab import run
from lab.topology import CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS


def test_connections_are_split_by_weight(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 70, "b2": 30}))
    daemon.start()
    result = connect(topology, 600)
    assert not result["errors"]
    assert_share(result, "b1", 0.7)


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
    assert_share(connect(topology, 400), "b2", 0.5)


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
    result = json.loads(run(*topology.client_command("transfer", address, 8080, size)))
    assert result == {"bytes": size, "intact": True}


def test_other_ports_of_the_node_are_left_alone(network):
    """A server of the gateway host itself keeps working beside the listeners."""
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    own = topology.gateway.start("own-server", PYTHON, TESTS / "lab" / "server.py", "host", 2222)
    own.wait_for("listening")
    assert connect(topology, 5, port=2222)["answers"] == {"host": 5}
