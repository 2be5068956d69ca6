# SPDX-License-Identifier: Apache-2.0
"""What several test files need."""

import ipaddress
import json
import math
import struct
import time

from lab.lab import run
from lab.topology import GATEWAY4, PYTHON, TESTS


def connect(topology, number, address=GATEWAY4, port=8080):
    """Opens `number` connections one way or another and says who answered."""
    return json.loads(run(*topology.client_command("count", address, port, number)))


def assert_share(drawn, name, share):
    """`drawn`: how often each outcome was drawn, one draw for each connection or flow. The share of `name` is what a fair
    draw gives in all but one of a million runs (5 sigma)."""
    total = sum(drawn.values())
    assert abs(drawn.get(name, 0) / total - share) <= 5 * math.sqrt(share * (1 - share) / total), drawn


def outcomes(result):
    """What became of each connection of connect(): {name of the backend or of the error: connections}."""
    return result["answers"] | result["errors"]


def transfer(host, address, size):
    """Sends `size` bytes from a namespace to port 8080 and back; they arrive as they were sent."""
    result = json.loads(run(*host.enter(PYTHON, TESTS / "lab" / "client.py", "transfer", address, 8080, size)))
    assert result == {"bytes": size, "intact": True}


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


def checksum(data):
    """RFC 1071."""
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_segment(source, target, payload):
    """UDP header and payload; `source` and `target`: address and port."""
    addresses = b"".join(ipaddress.ip_address(end[0]).packed for end in (source, target))
    length = 8 + len(payload)
    header = struct.pack("!HHH", source[1], target[1], length)
    pseudo = addresses + struct.pack("!IHBB", length, 0, 0, 17)
    return header + struct.pack("!H", checksum(pseudo + header + b"\0\0" + payload) or 0xFFFF) + payload


def ipv4_packet(source, target, segment):
    """An IPv4 packet with a UDP segment; the addresses are without ports."""
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 17, 0)
    header += ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + segment


def find(objects, kind, name):
    return next(o for o in objects["items"] if o["kind"] == kind and o["metadata"]["name"] == name)


def conditions(listed):
    return {c["type"]: c for c in listed}
