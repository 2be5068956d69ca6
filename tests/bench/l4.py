# SPDX-License-Identifier: Apache-2.0
"""./dev bench l4: forwarding a TCP port, ours beside what people use today, in one run on the same links.

client --- gateway --- backend, over veth pairs on one machine. Rounds are interleaved; medians and spread are shown;
what counts are the ratios within the run. A veth says nothing of a network card.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import contestants
from lab.lab import Lab, LabError, missing_requirement
from lab.topology import CLIENT4, TREE, Topology

CONNECTIONS = 32
MANY_CLIENTS = "10.99.0.0"  # sources of the XDP client: a /16 behind the client's host
IN_FLIGHT = 512  # of connections between the XDP client and server
FIRST_PORT = 20000
METRICS = {
    "pps": ("packets/s, 1 flow", 1e-6, "M"),
    "pps1000": ("packets/s, 1,000 flows", 1e-6, "M"),
    "ns_packet": ("CPU ns/packet", 1, ""),
    "rps": ("requests/s", 1e-3, "k"),
    "rr_p50": ("p50 µs", 1, ""),
    "rr_p99": ("p99 µs", 1, ""),
    "us_request": ("CPU µs/request", 1, ""),
    "cps": ("new connections/s", 1e-3, "k"),
    "crr": ("connections/s, sockets", 1e-3, "k"),
    "gbps": ("bulk Gbit/s", 1, ""),
}
# (metric, ours, theirs, at least)
TARGETS = [
    ("pps", "Portcullis XDP DNAT", "nft DNAT", 3.5),
    ("gbps", "Portcullis tc DNAT", "kernel forwarding", 0.85),
    ("rps", "Portcullis tc DNAT", "HAProxy TCP", 1.4),
    ("cps", "Portcullis tc DNAT", "HAProxy TCP", 5.0),
]
HOLD = """
import socket, sys, time
held = []
for port in range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
    s.bind(("", port))
    s.connect((sys.argv[1], int(sys.argv[2])))
    held.append(s)
print("held", flush=True)
time.sleep(600)
"""


def busy_seconds():
    """CPU seconds that the machine has spent on anything."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")


MEASUREMENTS = ("packets", "requests", "connections", "bulk")


class Bench:
    def __init__(self, lab, seconds, measurements=MEASUREMENTS):
        self.lab, self.seconds, self.measurements = lab, seconds, measurements
        self.bin = TREE / "build" / "bin"
        self.topology = Topology(lab, backends=1)
        self.backend = self.topology.backends[0]
        self.gateway_mac = json.loads(self.topology.gateway.run("ip", "-j", "link", "show", "g0"))[0]["address"]
        self.topology.gateway.ip("route", "add", f"{MANY_CLIENTS}/16", "via", CLIENT4)
        server = self.backend.namespace.start("server", self.bin / "load", "server", contestants.SERVER_PORT)
        server.wait_for("listening")

    def load(self, mode, address, port, connections):
        before = busy_seconds()
        result = json.loads(self.topology.client.run(self.bin / "load", mode, address, port, connections, self.seconds))
        result["busy"] = busy_seconds() - before
        return result

    def counter(self, namespace, device):
        """A process that counts and drops frames at a device, and answers with the count."""
        popen = subprocess.Popen([str(word) for word in namespace.enter(self.bin / "live_frames", "count", device)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if popen.stdout.readline() != "counting\n":
            raise LabError(f"cannot count frames at {device}")
        self.lab.on_close(popen.kill)
        return popen

    @staticmethod
    def read_counter(counter):
        counter.stdin.write("\n")
        counter.stdin.flush()
        return int(counter.stdout.readline())

    def generate(self, address, port, ports):
        return json.loads(self.topology.client.run(
            self.bin / "live_frames", "generate", "c0", self.gateway_mac, CLIENT4, address, FIRST_PORT, ports, port,
            self.seconds))

    def count_frames(self, namespace, device, address, port, ports):
        """Frames that arrive at a device, each second, and the CPU's nanoseconds for each."""
        counter = self.counter(namespace, device)
        try:
            start, before = self.read_counter(counter), busy_seconds()
            sent = self.generate(address, port, ports)
            busy, arrived = busy_seconds() - before, self.read_counter(counter) - start
        finally:
            counter.stdin.close()
            counter.wait()
        return arrived / sent["seconds"], busy * 1e9 / max(arrived, 1)

    def packets(self, contestant, ports):
        """64-byte segments of real connections, which the backend's own end then drops and counts."""
        held = self.topology.client.start("hold", "/usr/bin/python3", "-c", HOLD, contestant.address, contestant.port,
                                          FIRST_PORT, ports)
        held.wait_for("held", 30)
        self.topology.gateway.offloads("g0", gro="on")
        try:
            return self.count_frames(self.backend.namespace, "b0", contestant.address, contestant.port, ports)
        finally:
            self.topology.gateway.offloads("g0", gro="off")
            held.stop()

    def new_connections(self, contestant):
        """Connections through the gateway between a client and a server that exist only in XDP, and cost next to nothing:
        with kernel sockets on both sides of the same two cores, it is mostly those that one measures."""
        polled = ((self.topology.gateway, "g0"), (self.topology.gateway, self.backend.device))
        server = subprocess.Popen([str(word) for word in self.backend.namespace.enter(
            self.bin / "handshakes", "server", "b0", contestants.SERVER_PORT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lab.on_close(server.kill)
        if server.stdout.readline() != "serving\n":
            raise LabError("the XDP server did not start")
        for namespace, device in polled:
            namespace.offloads(device, gro="on")
        try:
            result = json.loads(self.topology.client.run(
                self.bin / "handshakes", "client", "c0", self.gateway_mac, MANY_CLIENTS, contestant.address, contestant.port,
                IN_FLIGHT, self.seconds))
            return result["count"] / result["seconds"]
        finally:
            for namespace, device in polled:
                namespace.offloads(device, gro="off")
            server.stdin.close()
            server.wait()

    def generator_cost(self):
        """The generator against a drop at the first hop: what of the packets' CPU time is its own."""
        pps, ns = self.count_frames(self.topology.gateway, "g0", "10.0.1.1", 9, 1)
        return {"pps": pps, "ns_packet": ns}

    def measure_packets(self, contestant):
        if not contestant.raw:
            return {}
        pps, ns_packet = self.packets(contestant, 1)
        return {"pps": pps, "ns_packet": ns_packet, "pps1000": self.packets(contestant, 1000)[0]}

    def measure_requests(self, contestant):
        requests = self.load("rr", contestant.address, contestant.port, CONNECTIONS)
        return {"rps": requests["count"] / requests["seconds"], "rr_p50": requests["p50_us"], "rr_p99": requests["p99_us"],
                "us_request": requests["busy"] * 1e6 / max(requests["count"], 1)}

    def measure_connections(self, contestant):
        fresh = self.load("crr", contestant.address, contestant.port, CONNECTIONS)
        return {"crr": fresh["count"] / fresh["seconds"], "cps": self.new_connections(contestant)}

    def measure_bulk(self, contestant):
        bulk = self.load("bulk", contestant.address, contestant.port + 1, 4)
        return {"gbps": bulk["count"] * 8e-9 / bulk["seconds"]}

    def measure(self, contestant):
        contestant.start()
        try:
            contestants.reachable(contestant)
            values = {}
            for measurement in self.measurements:
                values |= getattr(self, f"measure_{measurement}")(contestant)
            return values
        finally:
            contestant.stop()


def cell(values, metric):
    if not values:
        return "-"
    _, scale, unit = METRICS[metric]
    low, middle, high = (number * scale for number in (min(values), statistics.median(values), max(values)))
    digits = 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:.{digits}f}{unit} ({low:.{digits}f}..{high:.{digits}f})"


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def median(results, name, metric):
    values = results.get(name, {}).get(metric, [])
    return statistics.median(values) if values else None


def ratio_rows(results, baseline):
    rows = [[f"ratio to {baseline}"] + [METRICS[metric][0] for metric in ("pps", "rps", "cps", "gbps")]]
    for name in results:
        row = [name]
        for metric in ("pps", "rps", "cps", "gbps"):
            ours, base = median(results, name, metric), median(results, baseline, metric)
            row.append(f"{ours / base:.2f}" if ours and base else "-")
        rows.append(row)
    return rows


def check_targets(results):
    verdicts = []
    for metric, ours, theirs, at_least in TARGETS:
        a, b = median(results, ours, metric), median(results, theirs, metric)
        if a is None or b is None:
            continue
        verdicts.append({"metric": METRICS[metric][0], "ours": ours, "theirs": theirs, "ratio": a / b, "atLeast": at_least})
        print(f"{'ok  ' if a / b >= at_least else 'MISS'} {METRICS[metric][0]}: {ours} / {theirs} = {a / b:.2f} "
              f"(must be at least {at_least})")
    return verdicts


def draw(results, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    shown = ("pps", "rps", "cps", "gbps")
    figure, axes = plt.subplots(1, len(shown), figsize=(16, 4))
    for axis, metric in zip(axes, shown):
        names = [name for name in results if median(results, name, metric)]
        middle = [median(results, name, metric) * METRICS[metric][1] for name in names]
        spread = [[m - min(results[n][metric]) * METRICS[metric][1] for n, m in zip(names, middle)],
                  [max(results[n][metric]) * METRICS[metric][1] - m for n, m in zip(names, middle)]]
        colours = ["#b5541c" if name.startswith("Portcullis") else "#8a9ba8" for name in names]
        axis.barh(names[::-1], middle[::-1], xerr=[s[::-1] for s in spread], color=colours[::-1], ecolor="#333333")
        axis.set_title(f"{METRICS[metric][0]} {METRICS[metric][2]}".strip())
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)


def machine():
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} x {cpu}, Linux {platform.release()}, {datetime.date.today()}"


def main():
    parser = argparse.ArgumentParser(prog="./dev bench l4", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--only", help="names of contestants, separated by commas")
    parser.add_argument("--measure", type=lambda text: text.split(","), default=MEASUREMENTS,
                        help=f"some of {','.join(MEASUREMENTS)}")
    parser.add_argument("--quick", action="store_true", help="one round, half a second each")
    parser.add_argument("--output", type=Path, default=TREE / "bench-results")
    options = parser.parse_args()
    reason = missing_requirement()
    if reason:
        print(f"the benchmark {reason}", file=sys.stderr)
        return 1
    if options.quick:
        options.rounds, options.seconds = 1, 0.5
    chosen = [kind for kind in contestants.ALL if not options.only or kind.name in options.only.split(",")]
    results = {kind.name: {metric: [] for metric in METRICS} for kind in chosen}
    print(f"{machine()}; {options.rounds} rounds of {options.seconds} s, median (lowest..highest)")
    with Lab("bench") as lab:
        bench = Bench(lab, options.seconds, options.measure)
        generator = bench.generator_cost()
        print(f"generator alone: {generator['pps'] / 1e6:.2f}M packets/s, {generator['ns_packet']:.0f} CPU ns each "
              "(part of every CPU ns/packet below)\n")
        for number in range(options.rounds):
            for kind in chosen:
                print(f"\rround {number + 1}: {kind.name:30}", end="", file=sys.stderr, flush=True)
                for metric, value in bench.measure(kind(bench.topology)).items():
                    results[kind.name][metric].append(value)
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    print_table([[""] + [METRICS[metric][0] for metric in METRICS]]
                + [[name] + [cell(values[metric], metric) for metric in METRICS] for name, values in results.items()])
    for baseline in ("kernel forwarding", "nft DNAT", "HAProxy TCP"):
        if baseline in results:
            print()
            print_table(ratio_rows(results, baseline))
    print()
    verdicts = check_targets(results)
    folder = options.output / datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    folder.mkdir(parents=True)
    (folder / "l4.json").write_text(json.dumps({"machine": machine(), "rounds": options.rounds, "seconds": options.seconds,
                                                "generator": generator, "results": results, "targets": verdicts}, indent=1))
    draw(results, folder / "l4.svg")
    print(f"\nwritten to {folder}")
    return 0 if all(verdict["ratio"] >= verdict["atLeast"] for verdict in verdicts) else 3


if __name__ == "__main__":
    sys.exit(main())
