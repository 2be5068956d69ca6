# SPDX-License-Identifier: Apache-2.0
"""Manifests change under a running daemon."""

import json
import signal
import socket

from helpers import connect, wait_until
from lab import manifests
from lab.topology import GATEWAY4, NODE


def answers(topology, number=30):
    return connect(topology, number)["answers"]


def test_a_changed_weight_moves_new_connections_and_keeps_the_open_ones(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 0}))
    daemon.start()
    held = topology.client.start("held", *topology.client_command("hold", "10.0.1.1", 8080, 50)[2:])
    held.wait_for("round 2\n")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 0, "b2": 1}))
    wait_until(lambda: answers(topology) == {"b2": 30}, "new connections to move to b2")
    rounds = held.output().count("round")
    held.wait_until(lambda: held.output().count("round") > rounds + 5, "to go on")
    held.stop()
    report = json.loads(held.output().splitlines()[-1])
    assert (report["broken"], report["names"]) == (0, {"b1": 50})


def is_programmed(daemon, listener):
    status = json.loads((daemon.directory / "status" / "gateway.gateway.networking.k8s.io_default_web.json").read_text())
    found = [known for known in status["status"]["listeners"] if known["name"] == listener]
    return any(c["type"] == "Programmed" and c["status"] == "True" for known in found for c in known["conditions"])


def test_the_first_connection_after_programmed_is_served(tc_network):
    topology, daemon = tc_network
    b1 = topology.backends[0]
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    for port in range(8100, 8150):
        with topology.client.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            daemon.write("web.yaml", manifests.documents(
                manifests.gateway(listeners=((f"p{port}", port),)), manifests.tcp_route("split", b1=1),
                *manifests.service("b1", [b1.address4])))
            while not is_programmed(daemon, f"p{port}"):
                assert daemon.process.running()
            client.connect((GATEWAY4, port))
            assert client.recv(100).startswith(b"b1 "), port


def test_a_deleted_route_stops_new_connections(network):
    topology, daemon = network
    daemon.write("gateway.yaml", manifests.documents(manifests.gateway()))
    daemon.write("route.yaml", manifests.documents(manifests.tcp_route("r", b1=1),
                                                   *manifests.service("b1", [topology.backends[0].address4])))
    daemon.start()
    assert answers(topology) == {"b1": 30}
    (daemon.manifests / "route.yaml").unlink()
    wait_until(lambda: connect(topology, 5)["errors"] == {"ConnectionRefusedError": 5}, "connections to be refused")


def test_a_broken_file_keeps_what_worked_and_is_said_everywhere(network):
    topology, daemon = network
    good = manifests.split(topology, {"b1": 1})
    daemon.write("web.yaml", good)
    process = daemon.start()
    daemon.write("web.yaml", "kind: [oops\n")
    process.wait_for("web.yaml:")
    assert answers(topology) == {"b1": 30}
    code, text = daemon.gwctl_code("status")
    assert code == 2
    assert "web.yaml:2:1: is not YAML" in text
    daemon.write("web.yaml", good)
    wait_until(lambda: daemon.gwctl_code("status")[0] == 0, "the daemon to be content again")


def test_a_bad_object_keeps_its_last_version_while_its_neighbours_change(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 0}))
    process = daemon.start()
    changed = manifests.split(topology, {"b1": 0, "b2": 1}).replace('"port": 8080', '"port": "8080"')
    daemon.write("web.yaml", changed)
    process.wait_for("Gateway default/web spec.listeners[0].port: is a string (expected an integer, 1..65535)")
    wait_until(lambda: answers(topology) == {"b2": 30}, "the route's new weights to apply on the old Gateway")


def test_sighup_reads_everything_again(tc_network):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    process = daemon.start()
    process.send(signal.SIGHUP)
    process.wait_for("SIGHUP")
    assert answers(topology) == {"b1": 30}


def test_two_gateways_with_different_addresses_share_a_port(network):
    topology, daemon = network
    topology.gateway.ip("addr", "add", "10.0.1.77/24", "dev", "g0")
    b1, b2 = topology.backends
    daemon.write("web.yaml", manifests.documents(
        manifests.gateway("a", addresses=["10.0.1.1"]), manifests.gateway("b", addresses=["10.0.1.77"]),
        manifests.tcp_route("ra", "a", b1=1), manifests.tcp_route("rb", "b", b2=1),
        *manifests.service("b1", [b1.address4], node=NODE), *manifests.service("b2", [b2.address4])))
    daemon.start()
    assert connect(topology, 20, "10.0.1.1")["answers"] == {"b1": 20}
    assert connect(topology, 20, "10.0.1.77")["answers"] == {"b2": 20}


def test_a_backend_whose_mac_address_changes_is_found_again(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    assert answers(topology) == {"b1": 30}
    b1 = topology.backends[0]
    b1.namespace.ip("link", "set", "b0", "address", "02:00:00:00:00:99")
    topology.gateway.ip("neigh", "flush", "dev", b1.device)
    wait_until(lambda: answers(topology) == {"b1": 30}, "the new MAC address to be used")
