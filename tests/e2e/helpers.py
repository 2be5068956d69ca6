# SPDX-License-Identifier: Apache-2.0
"""What several test files need."""

import json
import math
import time

from lab.lab import run
from lab.topology import GATEWAY4


def connect(topology, number, address=GATEWAY4, port=8080):
    """Opens `number` connections one way or another and says who answered."""
    return json.loads(run(*topology.client_command("count", address, port, number)))


def assert_share(result, name, share):
    """The share of answers is what a fair draw gives in all but one of a million runs (5 sigma)."""
    total = sum(result["answers"].values()) + sum(result["errors"].values())
    seen = result["answers"].get(name, 0) / total
    assert abs(seen - share) <= 5 * math.sqrt(share * (1 - share) / total) + 0.02, result


def counters(daemon):
    """The data path's counters: {word: packets}."""
    rows = json.loads(daemon.gwctl("dump-maps", "counters", "-o", "json"))
    return {row["counter"]: row["packets"] for row in rows}


def wait_until(condition, what, seconds=10.0):
    """A bound for something that must happen, not a measurement."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def find(objects, kind, name):
    return next(o for o in objects["items"] if o["kind"] == kind and o["metadata"]["name"] == name)


def conditions(listed):
    return {c["type"]: c for c in listed}
