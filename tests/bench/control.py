# SPDX-License-Identifier: Apache-2.0
"""./dev bench control: the control plane's promises, in figures.

How long a weight edit on disk takes until the kernel has it (read from the pinned map, not from the daemon), and how
many of 1,000 open connections break when the daemon is killed and restarted 20 times.
"""

import json
import signal
import sys
import time

import report
from pinned_map import PinnedMap

from lab import manifests
from lab.lab import Lab
from lab.topology import GATEWAY4, Daemon, Topology

NAME, TITLE = "control", "control: the control plane's promises"


def add_options(parser):
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--restarts", type=int, default=20)


def edit_to_kernel(topology, edits):
    """Milliseconds from the rename on disk to the changed table in the kernel."""
    daemon = Daemon(topology, name="edits", attach="tc")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    services = PinnedMap(f"{daemon.pin_dir}/v1/gw_services")
    took = []
    for number in range(edits):
        before = services.items()
        text = manifests.split(topology, {"b1": 10 + number, "b2": 100})
        begin = time.monotonic()
        daemon.write("web.yaml", text)
        # Both families' services change.
        while any(services.get(key) == value for key, value in before.items()):
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


def run(options, bench):
    if options.quick:
        options.edits, options.connections, options.restarts = 2, 20, 1
    with Lab("control") as lab:
        topology = Topology(lab)
        topology.serve_identity()
        bench.progress("edits")
        took = edit_to_kernel(topology, options.edits)
        bench.progress("kills")
        kept = kills(topology, options.connections, options.restarts)
    bench.progress_ends()
    print(f"weight edit on disk to kernel, ms: {report.spread(took)}, {len(took)} edits")
    print(f"daemon killed and restarted {options.restarts} times: {kept['rounds']} rounds of traffic on each of "
          f"{kept['connections']} open connections\n")
    bench.target("slowest weight edit, disk to kernel", max(took), at_most=50, unit=" ms")
    bench.target("open connections that broke under kills", kept["broken"], at_most=0)
    bench.write({"edit_ms": took, "kills": kept, "restarts": options.restarts})


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
