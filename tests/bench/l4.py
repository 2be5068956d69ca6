# SPDX-License-Identifier: Apache-2.0
"""./dev bench l4: forwarding a TCP port, ours beside what people use today, in one run on the same links.

client --- gateway --- backend, over veth pairs on one machine. Rounds are interleaved; medians and spread are shown; what
counts are the ratios within the run. A veth says nothing of a network card.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

import contestants
import report
from one_core import OneCore, cpu_ns, last_cpu, softirq_threads
from one_core import why_not as why_not_one_core
from quiet import Quiet, undisturbed

from lab.lab import Lab, LabError
from lab.topology import BIN, CLIENT4, Topology

NAME, TITLE = "l4", "l4: a TCP port forwarded; median (lowest..highest)"
CONNECTIONS = 32
MANY_CLIENTS = "10.99.0.0"  # sources of the XDP client: a /16 behind the client's host
IN_FLIGHT = 128  # connections between the XDP client and server; a veth's ring holds 256 frames
FIRST_PORT = 20000
WARM_UP = 0.2  # seconds
# What is measured: {metric: (heading, scale, unit)}, a table each.
TABLES = {
    "packets": {"pps": ("packets/s, 1 flow", 1e-6, "M"), "pps1000": ("packets/s, 1,000 flows", 1e-6, "M"),
                "ns_packet": ("CPU ns a packet", 1, ""), "ns_packet_own": ("without the generator's", 1, "")},
    "requests": {"rps": ("requests/s", 1e-3, "k"), "rr_p50": ("p50 µs", 1, ""), "rr_p99": ("p99 µs", 1, ""),
                 "us_request": ("CPU µs a request", 1, ""), "us_request_own": ("without the ends'", 1, "")},
    "connections": {"cps": ("new connections/s between pods, a core", 1e-3, "k"), "ns_connection": ("CPU ns a connection", 1, ""),
                    "cps_cards": ("new connections/s between cards, a core", 1e-3, "k"),
                    "ns_connection_cards": ("CPU ns", 1, ""),
                    "crr": ("by sockets: /s", 1e-3, "k"), "us_crr": ("CPU µs each", 1, ""),
                    "us_crr_own": ("without the ends'", 1, "")},
    "bulk": {"gbps": ("Gbit/s", 1, "")},
}
METRICS = {metric: how for table in TABLES.values() for metric, how in table.items()}
HEADLINES = ("pps", "rps", "cps", "cps_cards", "gbps")
OURS_TC, OURS_XDP = "Portcullis tc DNAT", "Portcullis XDP DNAT"
KERNEL, NFT, HAPROXY = "kernel forwarding", "nft DNAT", "HAProxy TCP"
# (metric, ours, theirs, at least)
TARGETS = (
    ("pps", OURS_XDP, NFT, 4.0), ("pps", OURS_XDP, "floor XDP", 0.7),
    ("rps", OURS_TC, KERNEL, 1.1), ("rps", OURS_TC, HAPROXY, 1.6),
    ("cps", OURS_TC, KERNEL, 1.1), ("cps", OURS_TC, NFT, 3.0), ("cps", OURS_TC, HAPROXY, 7.0),
    ("cps_cards", OURS_XDP, KERNEL, 1.1), ("cps_cards", OURS_XDP, NFT, 3.0), ("cps_cards", OURS_XDP, HAPROXY, 7.0),
    ("gbps", OURS_TC, KERNEL, 1.0),
)
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


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="of each measurement")
    parser.add_argument("--only", type=lambda text: text.split(","), help="names of contestants, separated by commas")
    parser.add_argument("--measure", type=lambda text: text.split(","), default=list(TABLES),
                        help=f"some of {','.join(TABLES)}")


class Asked:
    """A process that answers a line with a line."""

    def __init__(self, lab, command, greeting):
        self.popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lab.on_close(self.popen.kill)
        if self.popen.stdout.readline() != f"{greeting}\n":
            raise LabError(f"{' '.join(map(str, command))}: it does not say {greeting!r}")

    def ask(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        return json.loads(self.popen.stdout.readline())

    def end(self):
        """What it says last."""
        self.popen.stdin.close()
        last = self.popen.stdout.read()
        self.popen.wait()
        return last


class Bench:
    def __init__(self, lab, seconds, quiet):
        self.lab, self.seconds, self.quiet = lab, seconds, quiet
        self.topology = Topology(lab, backends=1)
        self.client, self.gateway = self.topology.client, self.topology.gateway
        self.backend = self.topology.backends[0]
        self.gateway_mac = self.gateway.mac("g0")
        self.gateway.ip("route", "add", f"{MANY_CLIENTS}/16", "via", CLIENT4)
        self.server = self.backend.namespace.start("server", BIN / "load", "server", contestants.SERVER_PORT)
        self.server.wait_for("listening")

    def cpu_seconds(self, contestant=None):
        """CPU time so far of all that takes part: commands that have ended, the server, a proxy, and the kernel's threads.
        What a packet costs is charged to who sends it, as far as the gateway."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        others = [self.server.pid, *softirq_threads(), *(contestant.pids() if contestant else ())]
        return ended.ru_utime + ended.ru_stime + sum(cpu_ns(pid) for pid in others) / 1e9

    @undisturbed
    def load(self, mode, contestant, offset, connections):
        address, port = contestant.address, contestant.port + offset
        before = self.cpu_seconds(contestant)
        result = json.loads(self.client.run(BIN / "load", mode, address, port, connections, self.seconds))
        if not result["count"]:
            raise LabError(f"load {mode} to {address}:{port}: nothing came back ({result['errors']} errors)")
        result["rate"] = result["count"] / result["seconds"]
        result["us"] = (self.cpu_seconds(contestant) - before) * 1e6 / result["count"]
        return result

    def generate(self, address, port, ports):
        return json.loads(self.client.run(
            "taskset", "-c", last_cpu(), BIN / "live_frames", "generate", "c0", self.gateway_mac, CLIENT4, address,
            FIRST_PORT, ports, port, self.seconds))

    @undisturbed
    def count_frames(self, namespace, device, address, port, ports):
        """Frames that arrive at a device, each second, and the CPU's nanoseconds for each."""
        counter = Asked(self.lab, namespace.enter(BIN / "live_frames", "count", device), "counting")
        try:
            start, before = counter.ask(), self.cpu_seconds()
            sent = self.generate(address, port, ports)
            busy, arrived = self.cpu_seconds() - before, counter.ask() - start
        finally:
            counter.end()
        return arrived / sent["seconds"], busy * 1e9 / max(arrived, 1)

    def packets(self, contestant, ports):
        """64-byte segments of real connections, which the backend's own end then drops and counts."""
        held = self.client.start("hold", "/usr/bin/python3", "-c", HOLD, contestant.address, contestant.port, FIRST_PORT, ports)
        held.wait_for("held", 30)
        self.gateway.offloads("g0", gro="on")
        try:
            return self.count_frames(self.backend.namespace, "b0", contestant.address, contestant.port, ports)
        finally:
            self.gateway.offloads("g0", gro="off")
            held.stop()

    @undisturbed
    def new_connections(self, contestant, hook):
        """CPU ns of the gateway, and of the ends, for a connection between a client and a server that are programs at
        `hook`."""
        if isinstance(contestant, contestants.NoGateway):
            links, ends = [], [(self.client, "d0"), (self.backend.namespace, "d1")]
            first_hop = self.backend.namespace.mac("d1")
        else:
            links = [(self.gateway, "g0"), (self.gateway, self.backend.device)]
            ends = [(self.client, "c0"), (self.backend.namespace, "b0")]
            first_hop = self.gateway_mac
        (_, client_link), (_, server_link) = ends
        with OneCore(links, ends, contestant.pids()) as core:
            server = Asked(self.lab, self.backend.namespace.enter(BIN / "handshakes", hook, "server", server_link,
                                                                  contestants.SERVER_PORT), "serving")
            client = Asked(self.lab, self.client.enter(
                BIN / "handshakes", hook, "client", client_link, first_hop, MANY_CLIENTS[:-1] + "1", contestant.address,
                contestant.port, IN_FLIGHT), "connecting")
            core.gather()
            time.sleep(WARM_UP)
            before, spent_before = client.ask(), core.spent()
            time.sleep(self.seconds)
            after, spent = client.ask(), core.spent()
            client.end()
            server.end()
        completed = after["completed"] - before["completed"]
        if not completed:
            raise LabError(f"{contestant.name}: no connection was completed ({after['refused']} refused)")
        return (spent[0] - spent_before[0]) / completed, (spent[1] - spent_before[1]) / completed

    def generator_cost(self):
        """The generator against a drop at the first hop: what of the packets' CPU time is its own."""
        pps, ns = self.count_frames(self.gateway, "g0", "10.0.1.1", 9, 1)
        return {"pps": pps, "ns_packet": ns}

    def measure_packets(self, contestant):
        if not contestant.raw:
            return {}
        pps, ns_packet = self.packets(contestant, 1)
        return {"pps": pps, "ns_packet": ns_packet, "pps1000": self.packets(contestant, 1000)[0]}

    def measure_requests(self, contestant):
        requests = self.load("rr", contestant, 0, CONNECTIONS)
        return {"rps": requests["rate"], "rr_p50": requests["p50_us"], "rr_p99": requests["p99_us"],
                "us_request": requests["us"]}

    def measure_connections(self, contestant):
        fresh = self.load("crr", contestant, 2, CONNECTIONS)
        values = {"crr": fresh["rate"], "us_crr": fresh["us"]}
        if why_not_one_core():
            return values
        if contestant.pids():  # a proxy, which is to be on one CPU as well
            contestant.stop()
            contestant.start(cpus=[last_cpu()])
        if not contestant.xdp:
            values["ns_all"] = sum(self.new_connections(contestant, "tc"))
        if isinstance(contestant, contestants.NoGateway):
            return values
        if contestant.peers:
            contestant.stop()
            contestant.peers = False
            contestant.start()
        own, _ = self.new_connections(contestant, "xdp")
        return values | {"cps_cards": 1e9 / own, "ns_connection_cards": own}

    def measure_bulk(self, contestant):
        bulk = self.load("bulk", contestant, 1, 4)
        return {"gbps": bulk["count"] * 8e-9 / bulk["seconds"]}

    def measure(self, contestant, measurements):
        contestant.start()
        try:
            contestants.reachable(contestant)
            values = {}
            # New connections last: a proxy is then on one CPU only.
            for measurement in sorted(measurements, key=lambda name: name == "connections"):
                values |= getattr(self, f"measure_{measurement}")(contestant)
            return values
        finally:
            contestant.stop()


def median(results, name, metric):
    values = results.get(name, {}).get(metric, [])
    return statistics.median(values) if values else None


def ratio(results, metric, name, baseline):
    ours, base = median(results, name, metric), median(results, baseline, metric)
    return ours / base if ours and base else None


def subtract_ends(results, generator):
    """The CPU time without what the two ends, or the generator, cost alone."""
    for name, values in results.items():
        values["ns_packet_own"] = [ns - generator["ns_packet"] for ns in values["ns_packet"]] if generator else []
        for metric, own in (("us_request", "us_request_own"), ("us_crr", "us_crr_own"), ("ns_all", "ns_connection")):
            ends = median(results, "no gateway", metric)
            if ends and name != "no gateway":
                values[own] = [spent - ends for spent in values[metric]]
        values["cps"] = [1e9 / ns for ns in values["ns_connection"]]


def print_tables(results, measurements):
    for measurement in measurements:
        table = TABLES[measurement]
        rows = [[measurement] + [table[metric][0] for metric in table]]
        for name, values in results.items():
            if any(values[metric] for metric in table):
                rows.append([name] + [report.spread(values[metric], *table[metric][1:]) for metric in table])
        report.print_table(rows)
    for baseline in (KERNEL, NFT, HAPROXY):
        if baseline in results:
            rows = [[f"ratio to {baseline}"] + [METRICS[metric][0] for metric in HEADLINES]]
            for name in results:
                ratios = [ratio(results, metric, name, baseline) for metric in HEADLINES]
                rows.append([name] + [f"{value:.2f}" if value else "-" for value in ratios])
            report.print_table(rows)


def draw(bench, results):
    figure, axes = bench.figure(18, 4, len(HEADLINES))

    def colour(name):
        return report.OURS if name.startswith("Portcullis") else report.FLOOR if name.startswith("floor") else report.THEIRS

    for axis, metric in zip(axes[0], HEADLINES):
        title, scale, unit = METRICS[metric]
        left_out = {"no gateway"} | ({"floor XDP"} if metric == "cps_cards" else set())  # whose bar would dwarf the others
        values = {name: [value * scale for value in values[metric]] for name, values in results.items() if name not in left_out}
        title = title.replace(" between", "\nbetween")  # or it is wider than its plot
        report.bars(axis, f"{title} ({unit})" if unit else title, values, colour)
    bench.save_figure(figure)


def take_part(only):
    chosen = []
    for kind in contestants.ALL:
        reason = kind.why_not()
        if only and kind.name not in only:
            continue
        if reason:
            print(f"{kind.name} does not take part: {reason}")
            continue
        chosen.append(kind)
    return chosen


def run(options, bench):
    if options.quick:
        options.rounds, options.seconds = 1, 0.1
    chosen = take_part(options.only)
    results = {kind.name: {metric: [] for metric in (*METRICS, "ns_all")} for kind in chosen}
    generator = None
    with Lab("l4") as lab:
        quiet = Quiet(tries=1) if options.quick else Quiet()
        laboratory = Bench(lab, options.seconds, quiet)
        if "packets" in options.measure:
            generator = laboratory.generator_cost()
            print(f"the generator alone: {generator['pps'] / 1e6:.2f}M packets/s, {generator['ns_packet']:.0f} CPU ns each")
        print(f"{options.rounds} rounds of {options.seconds} s for each measurement\n")
        for number in range(options.rounds):
            for kind in chosen:
                bench.progress(f"round {number + 1}: {kind.name}")
                for metric, value in laboratory.measure(kind(laboratory.topology), options.measure).items():
                    results[kind.name][metric].append(value)
        bench.progress_ends()
    if not options.quick:
        print(f"{quiet.summary()}\n")
    subtract_ends(results, generator)
    print_tables(results, options.measure)
    for metric, ours, theirs, at_least in TARGETS:
        bench.target(f"{METRICS[metric][0]}: {ours} to {theirs}", ratio(results, metric, ours, theirs), at_least=at_least)
    draw(bench, results)
    bench.write({"rounds": options.rounds, "seconds": options.seconds, "generator": generator, "results": results})


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
