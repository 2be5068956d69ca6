# SPDX-License-Identifier: Apache-2.0
"""./dev bench control: the control plane's promises, in figures.

How long a weight edit on disk takes until the kernel has it (read from the pinned map, not from the daemon), and how
many of 1,000 open connections break when the daemon is killed and restarted 20 times.
"""

import argparse
import ctypes
import ctypes.util
import json
import os
import signal
import statistics
import struct
import sys
import time

from lab import manifests
from lab.lab import Lab, missing_requirement
from lab.topology import GATEWAY4, Daemon, Topology

BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_OBJ_GET = 1, 4, 7
SYS_BPF = 321  # x86-64


class PinnedServices:
    """Reads gw_services by the bpf() system call: fast enough to see when it changes."""

    def __init__(self, path):
        self.libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        self.path = ctypes.create_string_buffer(str(path).encode())
        self.fd = self._bpf(BPF_OBJ_GET, struct.pack("QII", ctypes.addressof(self.path), 0, 0))

    def _bpf(self, command, attributes):
        buffer = ctypes.create_string_buffer(attributes, 128)
        return self.libc.syscall(SYS_BPF, command, buffer, 128)

    def hashes(self):
        """The table hash of every service."""
        key, following, value = (ctypes.create_string_buffer(size) for size in (4, 4, 16))
        found, first = [], True
        while self._bpf(BPF_MAP_GET_NEXT_KEY, struct.pack("IIQQQ", self.fd, 0, 0 if first else ctypes.addressof(key),
                                                          ctypes.addressof(following), 0)) == 0:
            first = False
            ctypes.memmove(key, following, 4)
            if self._bpf(BPF_MAP_LOOKUP_ELEM, struct.pack("IIQQQ", self.fd, 0, ctypes.addressof(key),
                                                          ctypes.addressof(value), 0)) == 0:
                found.append(struct.unpack("IIQ", value.raw[:16])[2])
        return found


def edit_to_kernel(topology, edits):
    """Milliseconds from the rename on disk to the changed table in the kernel."""
    daemon = Daemon(topology, name="edits", attach="tc")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    services = PinnedServices(f"{daemon.pin_dir}/v1/gw_services")
    took = []
    for number in range(edits):
        before = services.hashes()
        text = manifests.split(topology, {"b1": 10 + number, "b2": 100})
        begin = time.monotonic()
        daemon.write("web.yaml", text)
        # Both families' services change.
        while len(set(services.hashes()) & set(before)) > 0:
            if time.monotonic() - begin > 5:
                raise SystemExit("an edit did not arrive within 5 s")
        took.append((time.monotonic() - begin) * 1000)
        time.sleep(0.1)
    daemon.unload()
    return took


def kills(topology, connections, restarts):
    """Kills and restarts the daemon under open connections with traffic; the client's report."""
    daemon = Daemon(topology, name="kills", attach="tc")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    held = topology.client.start("held", *topology.client_command("hold", GATEWAY4, 8080, connections)[2:])
    held.wait_for("round 1\n", seconds=60)
    for _ in range(restarts):
        daemon.process.stop(signal.SIGKILL)
        rounds = held.output().count("round ")
        held.wait_until(lambda r=rounds: held.output().count("round ") > r, "to go on without the daemon", 60)
        daemon.start()
        rounds = held.output().count("round ")
        held.wait_until(lambda r=rounds: held.output().count("round ") > r, "to go on with the new daemon", 60)
    held.stop(seconds=60)
    daemon.unload()
    return json.loads(held.output().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench control", description=__doc__)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--restarts", type=int, default=20)
    options = parser.parse_args()
    reason = missing_requirement()
    if reason:
        print(f"the benchmark {reason}", file=sys.stderr)
        return 1
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    with Lab("control") as lab:
        topology = Topology(lab)
        topology.serve_identity()
        took = edit_to_kernel(topology, options.edits)
        print(f"weight edit on disk to kernel: median {statistics.median(took):.1f} ms "
              f"({min(took):.1f}..{max(took):.1f}), {len(took)} edits (must be under 50)")
        report = kills(topology, options.connections, options.restarts)
        print(f"daemon killed and restarted {options.restarts} times: {report['broken']} of {report['connections']} open "
              f"connections broke, {report['rounds']} rounds of traffic on each (must be 0)")
    return 0 if max(took) < 50 and report["broken"] == 0 else 3


if __name__ == "__main__":
    sys.exit(main())
