# SPDX-License-Identifier: Apache-2.0
"""Backends come and go: connections stay while their backend drains, and are reset when it is gone for good."""

import json
import time

import pytest

from helpers import connect, counters, wait_until
from lab import manifests
from lab.topology import GATEWAY4, Daemon, Topology

DRAIN = 3


@pytest.fixture
def draining(lab, attach):
    topology = Topology(lab, backends=2, xdp=attach == "xdp")
    topology.serve_identity()
    daemon = Daemon(topology, attach=attach, config=f"drainSeconds: {DRAIN}\n")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, 50)[2:])
    held.wait_for("round 1\n")
    return topology, daemon, held


def rounds(held):
    return held.output().count("round ")


def backends(daemon):
    return {row["backend"]: row["drains"] for row in json.loads(daemon.gwctl("dump-maps", "backends", "-o", "json"))}


def result_of(held):
    held.stop()
    return json.loads(held.output().splitlines()[-1])


def test_connections_stay_while_their_backend_drains_and_then_are_reset(draining):
    topology, daemon, held = draining
    begin = time.monotonic()
    daemon.write("web.yaml", manifests.split(topology, {"b2": 1}))
    wait_until(lambda: "10.0.12.2:9000" in backends(daemon), "the new backend")
    assert backends(daemon)["10.0.11.2:9000"] != "-"
    before = rounds(held)
    wait_until(lambda: rounds(held) > before + 2, "traffic in the old connections")
    wait_until(lambda: "10.0.11.2:9000" not in backends(daemon), "the end of the drain time")
    assert time.monotonic() - begin >= DRAIN - 1  # the clock counts whole seconds
    held.popen.wait(10)
    assert json.loads(held.output().splitlines()[-1])["broken"] == 50
    assert counters(daemon)["backend_gone"] >= 50


def test_a_service_that_is_removed_resets_its_connections_and_refuses_new_ones(draining):
    """Its Gateway and route stay."""
    topology, daemon, held = draining
    daemon.write("web.yaml", manifests.documents(manifests.gateway(), manifests.tcp_route("split", b1=1)))
    wait_until(lambda: connect(topology, 3)["errors"] == {"ConnectionRefusedError": 3}, "new connections to be refused")
    held.popen.wait(DRAIN + 10)
    assert json.loads(held.output().splitlines()[-1])["broken"] == 50


def test_a_backend_that_comes_back_keeps_its_connections(draining):
    topology, daemon, held = draining
    daemon.write("web.yaml", manifests.split(topology, {"b2": 1}))
    wait_until(lambda: backends(daemon).get("10.0.11.2:9000") not in (None, "-"), "draining")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    wait_until(lambda: backends(daemon)["10.0.11.2:9000"] == "-", "the backend to be in use again")
    time.sleep(DRAIN + 1.5)
    before = rounds(held)
    wait_until(lambda: rounds(held) > before + 2, "traffic")
    assert result_of(held)["broken"] == 0


def test_the_drain_time_goes_on_over_a_restart(draining):
    topology, daemon, held = draining
    daemon.write("web.yaml", manifests.split(topology, {"b2": 1}))
    wait_until(lambda: backends(daemon).get("10.0.11.2:9000") not in (None, "-"), "draining")
    daemon.process.stop()
    daemon.start()
    wait_until(lambda: "10.0.11.2:9000" not in backends(daemon), "the end of the drain time")
    held.popen.wait(10)
    assert json.loads(held.output().splitlines()[-1])["broken"] == 50


def test_a_weight_of_zero_keeps_old_connections(draining):
    topology, daemon, held = draining
    daemon.write("web.yaml", manifests.split(topology, {"b1": 0, "b2": 1}))
    wait_until(lambda: "10.0.12.2:9000" in backends(daemon), "the new backend")
    time.sleep(DRAIN + 1.5)
    before = rounds(held)
    wait_until(lambda: rounds(held) > before + 2, "traffic")
    assert result_of(held)["broken"] == 0
