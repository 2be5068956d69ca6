# SPDX-License-Identifier: Apache-2.0
"""publish.py FOLDER: README's section "Measured", docs/measured.md and docs/img, from the results of `./dev bench all`."""

import json
import re
import shutil
import statistics
import sys
from pathlib import Path

import report

from lab.topology import TREE

PLOTS = ("l4", "packet", "flows", "scale")
SECTION = re.compile(r"^## Measured\n.*?(?=^## )", re.MULTILINE | re.DOTALL)
WHEN = "By `./dev bench all --publish` on {date}: {machine}; medians, ratios of figures taken in turns within one run."
LIMITS = """All of it ran in one virtual machine, over veth pairs. That compares what ways of forwarding cost the CPU for a packet, a request or
a connection. It says nothing of network cards, where XDP also saves what the driver does for each packet, nor of latency on a wire;
and generator and servers share the CPUs with the gateway."""
MARK = {True: "", False: " (missed)"}


def load(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def table(rows):
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def target_rows(results):
    rows = [["What must hold", "Measured", "Wanted"]]
    for result in results:
        for target in result["targets"]:
            bound = f"at least {target['atLeast']}" if target["atLeast"] is not None else f"at most {target['atMost']}"
            rows.append([target["what"], f"{report.number(target['value'])}{target['unit']}{MARK[target['holds']]}",
                         f"{bound}{target['unit']}"])
    return rows


def contestant_rows(l4):
    """The headline figures, and the CPU time without the generator's and the ends'."""
    columns = (("pps", "packets/s", 1e-6, "M"), ("ns_packet_own", "ns a packet", 1, ""), ("rps", "requests/s", 1e-3, "k"),
               ("us_request_own", "µs a request", 1, ""), ("cps", "new connections/s between pods, a core", 1e-3, "k"),
               ("ns_connection", "ns a connection", 1, ""), ("cps_cards", "between cards", 1e-3, "k"),
               ("ns_connection_cards", "ns", 1, ""), ("gbps", "bulk Gbit/s", 1, ""))
    rows = [["", *(heading for _, heading, _, _ in columns)]]
    for name, values in l4["results"].items():
        cells = [f"{report.number(statistics.median(values[metric]) * scale)}{unit}" if values[metric] else "-"
                 for metric, _, scale, unit in columns]
        rows.append([name, *cells])
    return rows


def packet_rows(packet):
    sizes = [size for size in ("1", "1000", "100000", "900000") if any(size in row["ns"] for row in packet["rows"])]
    rows = [["ns a packet, IPv4", *(f"{int(size):,} flow{'s' if size != '1' else ''}" for size in sizes)]]
    for row in packet["rows"]:
        if row["family"] == "ipv4" and row["mode"] != "the other program":
            name = row["mode"] if row["mode"] == "null" else f"{row['mode']}, {row['packet']}"
            rows.append([f"{row['hook']}: {name}", *(report.number(statistics.median(row["ns"][size]), 0) for size in sizes)])
    return rows


def ratio(l4, metric, name, baseline):
    middle = {key: statistics.median(l4["results"][key][metric]) for key in (name, baseline)}
    return middle[name] / middle[baseline]


def when(results):
    return WHEN.format(date=results["date"], machine=results["machine"].rsplit(", ", 1)[0])


def section(results):
    """Of README."""
    bulk = ratio(results["l4"], "gbps", "Portcullis XDP DNAT", "kernel forwarding")
    return "\n".join([
        "## Measured\n", when(results["l4"]) + "\n", LIMITS + "\n",
        table(target_rows([results[name] for name in ("l4", "packet", "scale", "control")])),
        f"XDP on veth loses segmentation offload: bulk throughput is {bulk:.2f} of kernel forwarding's there, so `auto` takes tc on "
        "veth.\n[docs/measured.md](docs/measured.md) has all figures, [tests/README.md](tests/README.md) says how they are taken.\n",
        "![bench l4: packets, requests, new connections and bulk throughput of each contestant](docs/img/bench-l4.svg)\n\n"
        "![bench packet: ns a packet by the number of connections](docs/img/bench-packet.svg)\n\n"])


def scale_rows(scale):
    rows = [["Endpoints", "Listeners", "full compile, ms", "one endpoint, disk to kernel, ms", "one route, disk to kernel, ms",
             "a route comes or goes, ms", "start, ms", "memory, MB"]]
    for result in scale["results"]:
        rows.append([f"{result['endpoints']:,}", f"{result['listeners']:,}",
                     *(report.spread(result[key]) for key in ("compile_ms", "change_ms", "route_ms", "arrival_ms", "start_ms")),
                     report.number(result["memory_mb"]["now"], 0)])
    return rows


def document(results):
    """docs/measured.md."""
    memory = results["packet"]["bytesOfAConnection"]
    return "\n".join([
        "# Measured\n", when(results["l4"]) + " [How](../tests/README.md#benchmarks).\n", LIMITS + "\n",
        "## Beside other ways of forwarding\n",
        "CPU time is without the generator's and the ends' own. New connections: what the gateway adds on one saturated core, six segments\n"
        "each; between cards: it gets frames that are no socket buffers yet, and has no other ends of links to hand packets to. `floor`\n"
        "writes constants and redirects, nothing else; `with flows`, it looks connections up as well.\n",
        table(contestant_rows(results["l4"])), "![l4](img/bench-l4.svg)\n", "## One packet\n",
        "By `BPF_PROG_TEST_RUN`, the wrapper (row null) included.\n", table(packet_rows(results["packet"])),
        "![packet](img/bench-packet.svg)\n", "## The flow table\n",
        f"A connection takes {memory['ipv4']:.0f} bytes with IPv4, {memory['ipv6']:.0f} with IPv6, both entries; a table for a million "
        f"connections {memory['ipv4']:.0f} and {memory['ipv6']:.0f} MB, allocated when it is created.\n",
        "![flows](img/bench-flows.svg)\n", "## The control plane\n", table(scale_rows(results["scale"])),
        "![scale](img/bench-scale.svg)\n"])


def publish(folder):
    folder = Path(folder)
    results = {name: load(folder, name) for name in (*PLOTS, "control")}
    if any(result["quick"] for result in results.values()):
        raise SystemExit(f"{folder}: the results of a --quick run are no measurement")
    readme = TREE / "README.md"
    text, count = SECTION.subn(lambda _: section(results), readme.read_text())
    if count != 1:
        raise SystemExit('README.md has no section "Measured"')
    for name in PLOTS:
        shutil.copy(folder / f"{name}.svg", TREE / "docs" / "img" / f"bench-{name}.svg")
    readme.write_text(text)
    (TREE / "docs" / "measured.md").write_text(document(results))
    print("updated README.md, docs/measured.md and docs/img")


if __name__ == "__main__":
    publish(sys.argv[1])
