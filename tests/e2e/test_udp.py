# SPDX-License-Identifier: Apache-2.0
"""UDPRoutes: datagrams reach backends by weight, one flow stays on one backend, and answers come from the VIP."""

import json
import socket

import pytest

from helpers import assert_share, connect, wait_until
from lab import manifests
from lab.lab import run
from lab.topology import CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS

UDP = TESTS / "lab" / "udp.py"


@pytest.fixture
def udp_network(network):
    topology, daemon = network
    for backend in topology.backends:
        server = backend.namespace.start(f"udp-{backend.name}", PYTHON, UDP, "server", backend.name, 9000)
        server.wait_for("listening")
    return topology, daemon


def ask(topology, sockets, rounds, address=GATEWAY4):
    return json.loads(run(*topology.client.enter(PYTHON, UDP, "client", address, 8080, sockets, rounds)))


def split(topology, weights, node=None, listeners=(("udp", 8080),)):
    made = [manifests.gateway(listeners=listeners), manifests.udp_route("split", **weights)]
    for backend in topology.backends:
        made += manifests.service(backend.name, [backend.address4, backend.address6], node=node, protocol="UDP")
    return manifests.documents(*made)


def test_flows_are_split_by_weight_and_stay_on_their_backend(udp_network):
    topology, daemon = udp_network
    daemon.write("dns.yaml", split(topology, {"b1": 70, "b2": 30}))
    daemon.start()
    result = ask(topology, 300, 3)
    assert (result["lost"], result["moved"]) == (0, 0)
    assert_share(result["flows"], "b1", 0.7)


@pytest.mark.parametrize("address, node, peer", [(GATEWAY4, None, "10.0.11.1"), (GATEWAY4, NODE, CLIENT4),
                                                 (GATEWAY6, None, "2001:db8:11::1"), (GATEWAY6, NODE, CLIENT6)])
def test_the_backend_sees_the_client_only_on_the_same_node(udp_network, address, node, peer):
    topology, daemon = udp_network
    daemon.write("dns.yaml", split(topology, {"b1": 1, "b2": 0}, node=node))
    daemon.start()
    result = ask(topology, 5, 2, address)
    assert result["lost"] == 0
    assert set(result["peers"]) == {peer}


def test_tcp_and_udp_share_a_port_number(udp_network):
    topology, daemon = udp_network
    b1, b2 = topology.backends
    daemon.write("both.yaml", manifests.documents(
        manifests.gateway(listeners=(("udp", 8080), ("tcp", 8080))),
        manifests.udp_route("u", u=1), manifests.tcp_route("t", t=1),
        *manifests.service("u", [b1.address4], protocol="UDP"), *manifests.service("t", [b2.address4])))
    daemon.start()
    assert set(ask(topology, 5, 1)["answers"]) == {"b1"}
    assert set(connect(topology, 5)["answers"]) == {"b2"}


def test_a_client_that_keeps_its_port_follows_the_endpoints(udp_network):
    topology, daemon = udp_network
    daemon.config.write_text(daemon.config.read_text() + "drainSeconds: 0\n")

    def serve(*addresses):
        daemon.write("dns.yaml", manifests.documents(
            manifests.gateway(listeners=(("udp", 8080),)), manifests.udp_route("dns", dns=1),
            *manifests.service("dns", addresses, protocol="UDP")))

    serve()
    daemon.start()
    with topology.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((GATEWAY4, 8080))

        def answering():
            client.send(b"?")
            try:
                return client.recv(100).decode().split()[0]
            except (TimeoutError, ConnectionRefusedError):
                return None

        assert answering() is None
        for backend in topology.backends * 2:
            serve(backend.address4)
            wait_until(lambda name=backend.name: answering() == name, f"an answer of {backend.name}")
            assert [answering() for _ in range(5)] == [backend.name] * 5


def test_flows_are_listed_with_their_protocol(udp_network):
    topology, daemon = udp_network
    daemon.write("dns.yaml", split(topology, {"b1": 1, "b2": 0}))
    daemon.start()
    ask(topology, 1, 1)
    flows = json.loads(daemon.gwctl("dump-maps", "flows", "-o", "json"))
    assert [(flow["protocol"], flow["state"]) for flow in flows] == [("udp", "UDP_STREAM")]
