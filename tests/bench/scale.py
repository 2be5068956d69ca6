# SPDX-License-Identifier: Apache-2.0
"""./dev bench scale: the control plane with up to 1,000 Gateways, 10,000 listeners and routes, and 100,000 endpoints.

A full compile of the whole set on one core (what a start, or a change of the node's addresses, costs); one endpoint, or one
route, that changes, and a route that comes or goes, from the file on disk until the kernel's map has it; the daemon's memory. Every listener has a route, a
Service and an EndpointSlice of its own, ten endpoints each; a Gateway has ten listeners.
"""

import json
import re
import statistics
import sys
import time
from pathlib import Path

import report
from pinned_map import PinnedMap

from lab import manifests
from lab.lab import Lab
from lab.topology import BIN, GATEWAY4, NODE, Daemon, Topology

NAME, TITLE = "scale", "scale: listeners and endpoints; median (lowest..highest)"
SIZES = (100, 1000, 10_000, 100_000)
ENDPOINTS_EACH = 10
LISTENERS_EACH = 10
FIRST_PORT = 10_000
PATIENCE = 120  # seconds
CYCLE = re.compile(r"cycle \d+: \d+ listeners, \d+ backends, (\d+) us")


def add_options(parser):
    parser.add_argument("--edits", type=int, default=10, help="of each kind, for each size")
    parser.add_argument("--rounds", type=int, default=3, help="full compiles of each size")
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES,
                        help="numbers of endpoints, separated by commas")


def endpoint(number):
    """10.128.0.0/9 holds eight million."""
    return f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def service(number, changed=0):
    """The file of one Service; `changed` gives its first endpoint another address."""
    first = number * ENDPOINTS_EACH
    addresses = [endpoint(first + i) for i in range(ENDPOINTS_EACH)]
    addresses[0] = endpoint((1 << 22) + changed) if changed else addresses[0]
    return manifests.documents(*manifests.service(f"s{number}", addresses))


def gateway(begin, listeners, changed=0, missing=0):
    """The file of a Gateway and its routes; `changed` gives a part of the first route's connections to the next Service, the last
    `missing` routes are not there."""
    numbers = range(begin, min(begin + LISTENERS_EACH, listeners))
    name = f"g{begin // LISTENERS_EACH}"
    weights = {n: {f"s{n}": 100} for n in numbers}
    if changed:
        weights[begin][f"s{(begin + 1) % listeners}"] = changed
    routes = [manifests.tcp_route(f"r{n}", name, f"l{n}", **weights[n]) for n in numbers[:len(numbers) - missing]]
    return manifests.documents(manifests.gateway(name, [(f"l{n}", FIRST_PORT + n) for n in numbers], [GATEWAY4]), *routes)


def write_all(directory, listeners):
    """Gateways and routes in a file for each Gateway, a file for each Service."""
    directory.mkdir(exist_ok=True)
    for begin in range(0, listeners, LISTENERS_EACH):
        (directory / f"g{begin}.yaml").write_text(gateway(begin, listeners))
    for number in range(listeners):
        (directory / f"s{number}.yaml").write_text(service(number))


def memory_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return {name: int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024 for name, key in (("now", "VmRSS"), ("most", "VmHWM"))}


class Edits:
    """Changes one file again and again, and waits until the kernel has it."""

    def __init__(self, daemon, file, text_of, changed_map="gw_services"):
        """`text_of(n)`: the file with the n-th change, which is one of one value of the map."""
        self.daemon, self.file, self.text_of, self.changes = daemon, file, text_of, 0
        self.map = PinnedMap(f"{daemon.pin_dir}/v1/{changed_map}")
        self.key = self._find_key()

    def _edit(self):
        self.changes += 1
        text = self.text_of(self.changes)
        begin = time.monotonic()
        self.daemon.write(self.file, text)
        return begin

    def _find_key(self):
        """The key whose value a first edit changes."""
        before = self.map.items()
        self._edit()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            changed = [key for key, value in self.map.items().items() if value != before.get(key)]
            if changed:
                return changed[0]
            time.sleep(0.01)
        raise SystemExit(f"an edit did not arrive within {PATIENCE} s")

    def milliseconds(self):
        """From the rename on disk to the new value in the kernel's map."""
        before = self.map.get(self.key)
        begin = self._edit()
        while self.map.get(self.key) == before:
            if time.monotonic() - begin > PATIENCE:
                raise SystemExit(f"an edit did not arrive within {PATIENCE} s")
        return (time.monotonic() - begin) * 1000

    def settle(self):
        """Until the daemon has said everything about the last one."""
        size = -1
        while size != (size := len(self.daemon.process.output())):
            time.sleep(0.1)

    def measure(self, count):
        """Milliseconds of each change, and of the agent's cycles."""
        self.settle()
        said = len(self.daemon.process.output())
        changes = []
        for _ in range(count):
            changes.append(self.milliseconds())
            self.settle()
        return changes, [int(us) / 1000 for us in CYCLE.findall(self.daemon.process.output()[said:])]


def measure(lab, topology, size, options):
    listeners = max(1, size // ENDPOINTS_EACH)
    daemon = Daemon(topology, name=f"scale-{size}", attach="tc", config="logLevel: debug\n")
    write_all(daemon.manifests, listeners)
    full = json.loads(topology.gateway.run(BIN / "full_compile", daemon.manifests, NODE, options.rounds))
    begin = time.monotonic()
    daemon.start(wait=PATIENCE)
    result = {"endpoints": size, "listeners": listeners, "read_ms": [full["read_ms"]], "start_ms": [(time.monotonic() - begin) * 1000],
              "compile_ms": [sum(both) for both in zip(full["translate_ms"], full["compile_ms"])]}
    middle = listeners // 2
    endpoint_edits = Edits(daemon, f"s{middle}.yaml", lambda changed: service(middle, changed))
    result["change_ms"], result["cycle_ms"] = endpoint_edits.measure(options.edits)
    first = middle - middle % LISTENERS_EACH
    route_edits = Edits(daemon, f"g{first}.yaml", lambda changed: gateway(first, listeners, changed))
    result["route_ms"], result["route_cycle_ms"] = route_edits.measure(options.edits)
    arrivals = Edits(daemon, f"g{first}.yaml", lambda changed: gateway(first, listeners, missing=changed % 2), "gw_listeners")
    result["arrival_ms"], result["arrival_cycle_ms"] = arrivals.measure(options.edits)
    result["memory_mb"] = memory_mb(daemon.process.pid)
    daemon.unload()
    return result


def print_results(results):
    rows = [["endpoints", "routes", "read the files, ms", "full compile, ms", "one endpoint, ms", "the agent's cycle, ms",
             "one route, ms", "the agent's cycle, ms", "a route comes or goes, ms", "the agent's cycle, ms", "start, ms", "memory, MB",
             "at most"]]
    times = ("read_ms", "compile_ms", "change_ms", "cycle_ms", "route_ms", "route_cycle_ms", "arrival_ms", "arrival_cycle_ms",
             "start_ms")
    for result in results:
        rows.append([f"{result['endpoints']:,}", f"{result['listeners']:,}", *(report.spread(result[key]) for key in times),
                     report.number(result["memory_mb"]["now"]), report.number(result["memory_mb"]["most"])])
    report.print_table(rows)


def draw(bench, results):
    figure, axes = bench.figure(11, 3.4, 2)
    sizes = [result["endpoints"] for result in results]
    for key, label, style in (("compile_ms", "full compile", "o-"), ("change_ms", "one endpoint, disk to kernel", "s-"),
                              ("route_ms", "one route, disk to kernel", "d-"),
                              ("arrival_ms", "a route comes or goes, disk to kernel", "v-"), ("cycle_ms", "the agent's cycle, status and all", "^:"),
                              ("read_ms", "reading the files", "x--")):
        points = [(size, statistics.median(result[key])) for size, result in zip(sizes, results) if result[key]]
        axes[0][0].plot(*zip(*points), style, label=label, markersize=4)
    axes[0][0].set_title("ms")
    axes[0][0].set_yscale("log")
    axes[0][1].plot(sizes, [result["memory_mb"]["now"] for result in results], "o-", color=report.OURS)
    axes[0][1].set_title("the daemon's memory, MB")
    axes[0][1].set_yscale("log")
    axes[0][0].legend(frameon=False, fontsize=8)
    for axis in axes[0]:
        axis.set_xscale("log")
        axis.set_xlabel("endpoints")
    bench.save_figure(figure)


def run(options, bench):
    if options.quick:
        options.sizes, options.edits, options.rounds = (100,), 2, 1
    results = []
    with Lab("scale") as lab:
        topology = Topology(lab, backends=1)
        topology.gateway.ip("route", "add", "10.128.0.0/9", "via", topology.backends[0].address4)
        for size in options.sizes:
            bench.progress(f"{size:,} endpoints")
            results.append(measure(lab, topology, size, options))
    bench.progress_ends()
    print_results(results)
    largest = results[-1] if results[-1]["endpoints"] >= 100_000 else None
    bench.target("one endpoint's change with 100,000, disk to kernel", largest and statistics.median(largest["change_ms"]),
                 at_most=20, unit=" ms")
    bench.target("one route's change with 10,000 of them, disk to kernel", largest and statistics.median(largest["route_ms"]),
                 at_most=100, unit=" ms")
    bench.target("a route that comes or goes among 10,000, disk to kernel", largest and statistics.median(largest["arrival_ms"]),
                 at_most=100, unit=" ms")
    bench.target("full compile of 100,000 endpoints", largest and statistics.median(largest["compile_ms"]), at_most=1000, unit=" ms")
    draw(bench, results)
    bench.write({"results": results})


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
