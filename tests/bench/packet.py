# SPDX-License-Identifier: Apache-2.0
"""./dev bench packet: nanoseconds for a packet, by BPF_PROG_TEST_RUN on one CPU.

Rows are kinds of packets (of a known flow, "hot"; a reply; a SYN, "new"; to a port that is no listener's, "miss"), in each
mode, family and hook, columns the number of connections in the flow table, all of which are visited, each far from the last.
The wrapper that restores the packet and chooses the flow is in every figure; the row "null" is what it costs alone.
--against adds another pinned XDP program's rows, which gets the same frames.
"""

import statistics
import sys

import report
import test_run

NAME, TITLE = "packet", "packet: ns for a packet, by BPF_PROG_TEST_RUN; median (lowest..highest)"
SIZES = (1, 1000, 100_000, 900_000)
TABLE = 1 << 21  # entries, for a million connections
QUICK_ENTRIES = 1 << 16
# (hook, family, mode, packet, flows, at most)
TARGETS = (("xdp", "ipv4", "DNAT", "hot", 1, 120), ("xdp", "ipv4", "DNAT", "hot", 100_000, 400),
           ("xdp", "ipv4", "DNAT", "new", 1, 400))


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=5, help="runs of each row, interleaved")
    parser.add_argument("--repetitions", type=int, default=50_000, help="packets in each run")
    parser.add_argument("--against", metavar="PIN", help="a pinned XDP program, to be run beside ours with the same frames")
    parser.add_argument("--address", default="10.0.1.1", help="address that the other program serves (default %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="its port (default %(default)s)")
    parser.add_argument("--protocol", choices=("tcp", "udp"), default="tcp", help="of all frames (default %(default)s)")


def measure(options, shown):
    words = ["--flows", ",".join(map(str, shown)), "--rounds", options.rounds, "--repetitions", options.repetitions,
             "--protocol", options.protocol]
    if options.quick:
        words += ["--families", "ipv4", "--entries", QUICK_ENTRIES]
    if options.against:
        words += ["--against", options.against, "--address", options.address, "--port", options.port]
    return test_run.lines("packet", *words)


def key_of(line):
    name = {"ours": line["mode"], "other": "the other program", "null": "null"}[line["program"]]
    return line["hook"], line["family"], name, line["packet"]


def collect(lines, say):
    """{row: {flows: [ns]}}, and what programs said to the packets."""
    rows, verdicts = {}, {}
    for line in lines:
        say("{hook} {family} {mode} {packet}, {flows:,} flows".format(**line))
        rows.setdefault(key_of(line), {})[line["flows"]] = line["ns"]
        verdicts[key_of(line)] = line["verdict"]
    return rows, verdicts


def print_rows(rows, verdicts, sizes):
    for hook in ("xdp", "tc"):
        for family in ("ipv4", "ipv6"):
            of_both = [key for key in rows if key[:2] == (hook, family)]
            if not of_both:
                continue
            table = [[f"{hook} {family}", "verdict"] + [f"{size:,} flows" if size > 1 else "1 flow" for size in sizes]]
            for key in of_both:
                table.append([f"  {key[2]}, {key[3]}" if key[2] != "null" else "  null", verdicts[key]]
                             + [report.spread(rows[key].get(size, [])) for size in sizes])
            report.print_table(table)


def draw(bench, rows, sizes):
    families = [family for family in ("ipv4", "ipv6") if any(key[1] == family for key in rows)]
    figure, axes = bench.figure(5.5 * len(families), 3.6, len(families))
    for axis, family in zip(axes[0], families):
        for key, style in ((("xdp", family, "DNAT", "hot"), "o-"), (("xdp", family, "full NAT", "hot"), "s-"),
                           (("xdp", family, "DNAT", "new"), "o--"), (("xdp", family, "DNAT", "miss"), "^:"),
                           (("tc", family, "DNAT", "hot"), "D-."), (("xdp", family, "null", "hot"), "k:")):
            if key in rows:
                points = [(size, statistics.median(rows[key][size])) for size in sizes if size in rows[key]]
                label = "null program" if key[2] == "null" else f"{key[0]} {key[2]}, {key[3]}"
                axis.plot(*zip(*points), style, label=label, markersize=4, linewidth=1.2)
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_title(f"{'IPv4' if family == 'ipv4' else 'IPv6'}: ns a packet")
        axis.set_xlabel("connections in the flow table")
        axis.legend(frameon=False, fontsize=8)
    bench.save_figure(figure)


def price(entries):
    """Bytes of memory for a connection, its two entries, {family: bytes}."""
    return {line["family"]: 2 * line["bytes"] / line["entries"] for line in test_run.lines("memory", "--entries", entries)}


def run(options, bench):
    sizes = SIZES[:2] if options.quick else SIZES
    if options.quick:
        options.rounds, options.repetitions = 1, 5000
    rows, verdicts = collect(measure(options, sizes), bench.progress)
    bench.progress_ends()
    print_rows(rows, verdicts, sizes)
    prices = price(QUICK_ENTRIES if options.quick else TABLE)
    for family, bytes_each in prices.items():
        print(f"memory of a connection, both entries, {family}: {bytes_each:.0f} bytes; of 1,000,000: {bytes_each:.0f} MB, "
              "all of it when the table is created")
    print()
    for hook, family, mode, packet, flows, limit in TARGETS:
        values = rows.get((hook, family, mode, packet), {}).get(flows)
        bench.target(f"{hook} {family} {mode}, {packet}, {flows:,} flow{'s' if flows > 1 else ''}",
                     statistics.median(values) if values else None, at_most=limit, unit=" ns")
    draw(bench, rows, sizes)
    bench.write({"rows": [{"hook": key[0], "family": key[1], "mode": key[2], "packet": key[3], "verdict": verdicts[key],
                           "ns": values} for key, values in rows.items()], "bytesOfAConnection": prices})


if __name__ == "__main__":
    sys.exit(report.main(sys.modules[__name__]))
