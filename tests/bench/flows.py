# SPDX-License-Identifier: Apache-2.0
"""./dev bench flows: what a growing flow table costs, up to 1,000,000 connections. XDP, DNAT, one CPU.

New connections each second (a SYN's way, from the listener to both entries stored and the SYN sent on), and the cost of a
packet of a known connection, all connections being visited, each far from the last.
"""

import statistics
import sys

import report
import test_run

NAME, TITLE = "flows", "flows: a flow table that grows, XDP, DNAT, one CPU; median (lowest..highest)"
SIZES = (1, 10, 100, 1000, 10_000, 30_000, 100_000, 300_000, 600_000, 1_000_000)


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=50_000, help="packets in each run")


def draw(bench, rows, sizes):
    figure, axes = bench.figure(11, 3.4, 2)
    for family, style in (("ipv4", "o-"), ("ipv6", "s--")):
        fresh = [1e3 / statistics.median(rows[family, "new", size]) for size in sizes]
        axes[0][0].plot(sizes, fresh, style, label=family, color=report.OURS)
        for packet, colour in (("hot", report.OURS), ("reply", report.THEIRS)):
            axes[0][1].plot(sizes, [statistics.median(rows[family, packet, size]) for size in sizes], style,
                            label=f"{family}, {packet}", color=colour)
    axes[0][0].set_title("new connections/s, millions")
    axes[0][1].set_title("ns for a packet of a known connection")
    for axis in axes[0]:
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel("connections in the flow table")
        axis.legend(frameon=False, fontsize=8)
    bench.save_figure(figure)


def run(options, bench):
    sizes = SIZES[:4] if options.quick else SIZES
    if options.quick:
        options.rounds, options.repetitions = 1, 5000
    rows = {}
    for line in test_run.lines("flows", "--flows", ",".join(map(str, sizes)), "--rounds", options.rounds, "--repetitions",
                               options.repetitions):
        bench.progress("{family} {packet}, {flows:,} flows".format(**line))
        rows[line["family"], line["packet"], line["flows"]] = line["ns"]
    bench.progress_ends()
    for family in ("ipv4", "ipv6"):
        table = [[family, "new connections/s", "ns: SYN", "known connection", "its replies"]]
        for size in sizes:
            fresh = rows[family, "new", size]
            table.append([f"{size:,}", report.spread([1e9 / ns for ns in fresh], 1e-6, "M"), report.spread(fresh),
                          report.spread(rows[family, "hot", size]), report.spread(rows[family, "reply", size])])
        report.print_table(table)
    draw(bench, rows, sizes)
    bench.write({"rows": [{"family": key[0], "packet": key[1], "flows": key[2], "ns": ns} for key, ns in rows.items()]})


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
