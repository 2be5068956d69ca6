# SPDX-License-Identifier: Apache-2.0
"""A flood of SYNs from a million sources, while connections are in use."""

import json

from helpers import counters
from lab import manifests
from lab.lab import run
from lab.topology import BIN, GATEWAY4

LIVE = 1000
SYNS = 1_000_000
# The generator is faster than a veth with XDP, which loses what it cannot take: we count what has arrived.
ROUNDS_AT_MOST = 100
SOURCES = "10.99.0.0"


def test_a_flood_of_syns_breaks_no_connection(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    topology.gateway.ip("route", "add", f"{SOURCES}/16", "via", "10.0.1.2")
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, LIVE)[2:])
    held.wait_for("round 1\n")
    tool = BIN / "live_frames"
    mac = topology.gateway.mac("g0")
    topology.gateway.offloads("g0", gro="on")  # frames that XDP sends into a veth need it at the other end
    created = counters(daemon)["flow_created"]
    for _ in range(ROUNDS_AT_MOST):
        run(*topology.client.enter(tool, "flood", "c0", mac, SOURCES, GATEWAY4, 8080, SYNS))
        if counters(daemon)["flow_created"] - created >= SYNS:
            break
    rounds = held.output().count("round ") + 1
    held.wait_for(f"round {rounds + 1}\n", seconds=60)
    held.stop()
    result = json.loads(held.output().splitlines()[-1])
    assert result["broken"] == 0
    assert result["connections"] == LIVE
    after = counters(daemon)
    assert after["flow_created"] - created >= SYNS, "the flood did not reach the gateway"
    assert after["half_open_removed"] > SYNS / 2
    assert after["flow_table_full"] == 0
