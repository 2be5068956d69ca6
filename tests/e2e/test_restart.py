# SPDX-License-Identifier: Apache-2.0
"""The daemon may die, stay dead, and come back; connections do not notice."""

import json
import signal
import socket

import pytest

from helpers import connect, wait_until
from lab import manifests
from lab.lab import Lab, run
from lab.topology import Daemon, GATEWAY4, NODE, Topology


def hold(topology, number):
    held = topology.client.start("held", *topology.client_command("hold", "10.0.1.1", 8080, number)[2:])
    held.wait_for("round 1\n", seconds=30)
    return held


def finish(held):
    held.stop(seconds=30)
    return json.loads(held.output().splitlines()[-1])


def more_rounds(held, number):
    before = held.output().count("round ")
    held.wait_until(lambda: held.output().count("round ") >= before + number, "to make more rounds", seconds=60)


@pytest.mark.parametrize("node", [None, NODE])
def test_a_killed_daemon_is_not_noticed(network, node):
    """kill -9 with 300 connections in mid-transfer; new ones while it is dead; restarts that take over."""
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}, node=node))
    daemon.start()
    held = hold(topology, 300)
    for _ in range(3):
        daemon.process.stop(signal.SIGKILL)
        assert not connect(topology, 30)["errors"]
        more_rounds(held, 2)
        daemon.start()
        more_rounds(held, 2)
    assert finish(held)["broken"] == 0


def open_flows(daemon):
    """What tells TCP flows apart, without their ages."""
    words = ("client", "vip", "source", "backend", "state")
    return sorted([row[word] for word in words] for row in daemon.dump("flows") if row["protocol"] == "tcp")


def test_connections_that_have_nothing_to_say_outlive_a_restart(lab):
    """They are idle until the new daemon has made its round through the flow tables, in which it removes what is over."""
    topology = Topology(lab)
    topology.serve_identity()
    daemon = Daemon(topology, attach="tc", config="flows: {timeouts: {udpRequestSeconds: 1}}\n")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.write("udp.yaml", manifests.documents(
        manifests.gateway("silent", (("udp", 8081),)), manifests.tcp_route("u", "silent", kind="UDPRoute", u=1),
        *manifests.service("u", [topology.backends[0].address4], protocol="UDP")))
    daemon.start()
    clients = [topology.client.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(40)]
    for client in clients:
        client.settimeout(5)
        client.connect((GATEWAY4, 8080))
        client.recv(100)
    before = open_flows(daemon)
    assert len(before) == 40
    daemon.process.stop(signal.SIGKILL)
    with topology.client.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody_answers:
        nobody_answers.sendto(b"?", (GATEWAY4, 8081))
    assert len(daemon.dump("flows")) == 41
    daemon.start()
    wait_until(lambda: len(daemon.dump("flows")) == 40, "the new daemon's round", 30)
    assert open_flows(daemon) == before
    for client in clients:
        client.sendall(b"still there\n")
        assert client.recv(100) == b"still there\n"
        client.close()


def test_changes_made_while_it_was_dead_apply_at_the_next_start(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 0}))
    daemon.start()
    daemon.process.stop(signal.SIGKILL)
    daemon.write("web.yaml", manifests.split(topology, {"b1": 0, "b2": 1}))
    assert connect(topology, 10)["answers"] == {"b1": 10}
    daemon.start()
    assert connect(topology, 10)["answers"] == {"b2": 10}


def test_sigterm_leaves_the_data_path_running(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    assert daemon.process.stop() == 0
    assert connect(topology, 10)["answers"] == {"b1": 10}


def is_unloaded(topology, daemon):
    """Nothing of ours answers, is attached or is pinned."""
    assert connect(topology, 5)["errors"] == {"ConnectionRefusedError": 5}
    assert "xdp" not in topology.gateway.ip("link", "show")
    assert "gw_tc" not in topology.gateway.run("bpftool", "net", "show")  # clsact filters; it does not know tcx
    return not run("find", daemon.pin_dir, check=False)


def test_unload_removes_programs_and_pins(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    daemon.process.stop()
    assert connect(topology, 5)["answers"] == {"b1": 5}
    daemon.unload()
    assert is_unloaded(topology, daemon)


def test_unload_on_exit(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start("--unload-on-exit")
    assert connect(topology, 5)["answers"] == {"b1": 5}
    assert daemon.process.stop() == 0
    assert is_unloaded(topology, daemon)


def test_clsact_filters_do_what_tcx_links_do(lab):
    """Kernels before 6.6 have no tcx."""
    topology = Topology(lab)
    topology.serve_identity()
    daemon = Daemon(topology, attach="tc", config="disabledFeatures: [tcx]\n")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    assert "gw_tc" in topology.gateway.run("bpftool", "net", "show")
    assert connect(topology, 20)["answers"] == {"b1": 20}
    daemon.process.stop(signal.SIGKILL)
    assert connect(topology, 20)["answers"] == {"b1": 20}
    daemon.start()
    assert connect(topology, 20)["answers"] == {"b1": 20}
    daemon.process.stop()
    daemon.unload()
    assert is_unloaded(topology, daemon)


def test_a_second_daemon_on_the_same_pins_is_refused(tc_network):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    second = topology.gateway.start("second", daemon.bin / "portcullis", "run", "--manifests", daemon.manifests,
                                    "--pin-dir", daemon.pin_dir, "--admin", str(daemon.admin) + "2")
    wait_until(lambda: not second.running(), "the second daemon to give up")
    assert "in use by another portcullis" in second.output()
    assert connect(topology, 10)["answers"] == {"b1": 10}


def test_two_daemons_with_pins_of_their_own_run_side_by_side(lab):
    with Lab("other") as other_lab:
        topologies = [Topology(lab), Topology(other_lab)]
        daemons = [Daemon(topology, attach="tc") for topology in topologies]
        for topology, daemon, backend in zip(topologies, daemons, ("b1", "b2")):
            topology.serve_identity()
            daemon.write("web.yaml", manifests.split(topology, {backend: 1}))
            daemon.start()
        assert connect(topologies[0], 10)["answers"] == {"b1": 10}
        assert connect(topologies[1], 10)["answers"] == {"b2": 10}
        daemons[0].process.stop()
        daemons[0].unload()
        assert connect(topologies[1], 10)["answers"] == {"b2": 10}
