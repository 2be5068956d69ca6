# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: options, medians and spread, tables, plots, targets, and the folder for results.

A benchmark is a module with NAME, TITLE, add_options(parser) and run(options, report).
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
from pathlib import Path

from lab.lab import missing_requirement
from lab.topology import TREE

OURS, THEIRS, FLOOR = "#b5541c", "#8a9ba8", "#d9c8a0"
MISSED_TARGET = 3  # exit code


def machine():
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} x {cpu}, Linux {platform.release()}, {datetime.date.today()}"


def number(value, digits=None):
    """With three digits that mean something."""
    if digits is None:
        digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def spread(values, scale=1.0, unit=""):
    """"median (lowest..highest)"."""
    if not values:
        return "-"
    low, middle, high = (value * scale for value in (min(values), statistics.median(values), max(values)))
    digits = 2 if abs(middle) < 10 else 1 if abs(middle) < 100 else 0
    return f"{number(middle, digits)}{unit} ({number(low, digits)}..{number(high, digits)})"


def print_table(rows):
    """The first row is the heading. Numbers, which all columns but the first hold, end at the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [text.rjust(width) for text, width in zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())
    print()


class Report:
    """Collects a benchmark's results and writes them to its folder."""

    def __init__(self, name, folder, quick=False):
        self.name, self.folder, self.quick = name, folder, quick
        self.targets = []

    def progress(self, text):
        if sys.stderr.isatty():
            print(f"\r{text:70}", end="", file=sys.stderr, flush=True)

    def progress_ends(self):
        if sys.stderr.isatty():
            print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)

    def target(self, what, value, at_least=None, at_most=None, unit=""):
        """A figure of the list that must hold. None: it was not measured, and is not judged."""
        if value is None:
            return
        limit = at_least if at_least is not None else at_most
        holds = value >= at_least if at_least is not None else value <= at_most
        self.targets.append({"what": what, "value": value, "unit": unit, "atLeast": at_least, "atMost": at_most, "holds": holds})
        word = "--  " if self.quick else "ok  " if holds else "MISS"
        print(f"{word} {what}: {number(value)}{unit} (must be at {'least' if at_least is not None else 'most'} {limit}{unit})")

    def figure(self, width, height, plots=1):
        import matplotlib
        matplotlib.use("Agg")
        matplotlib.rcParams.update({"svg.hashsalt": "portcullis", "font.size": 9, "axes.spines.top": False,
                                    "axes.spines.right": False})
        import matplotlib.pyplot as plt
        return plt.subplots(1, plots, figsize=(width, height), squeeze=False)

    def save_figure(self, figure, suffix=""):
        figure.tight_layout()
        figure.savefig(self.folder / f"{self.name}{suffix}.svg", metadata={"Date": None})

    def write(self, results):
        """The figures as JSON, machine and targets with them."""
        text = json.dumps({"machine": machine(), "date": str(datetime.date.today()), "quick": self.quick, **results,
                           "targets": self.targets}, indent=1)
        (self.folder / f"{self.name}.json").write_text(text + "\n")

    def exit_code(self):
        return 0 if self.quick or all(target["holds"] for target in self.targets) else MISSED_TARGET


def bars(axis, title, values, colours):
    """Horizontal bars with whiskers: {name: [values]}."""
    names = [name for name in values if values[name]][::-1]
    middle = [statistics.median(values[name]) for name in names]
    whiskers = [[m - min(values[n]) for n, m in zip(names, middle)], [max(values[n]) - m for n, m in zip(names, middle)]]
    axis.barh(names, middle, xerr=whiskers, color=[colours(name) for name in names], ecolor="#333333")
    axis.set_title(title)


def add_common_options(parser, folder=True):
    parser.add_argument("--quick", action="store_true", help="see whether it works: seconds, and targets do not count")
    if folder:
        parser.add_argument("--output", type=Path, default=TREE / "bench-results", help="a folder for each run is made there")


def make_folder(output):
    folder = output / datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_module(module, options, folder):
    """Runs one benchmark; its exit code."""
    report = Report(module.NAME, folder, options.quick)
    print(f"{module.TITLE}\n{machine()}\n")
    module.run(options, report)
    return report.exit_code()


def why_not():
    """Prints why there can be no benchmark here, if so."""
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    reason = missing_requirement()
    if reason:
        print(f"the benchmark {reason}", file=sys.stderr)
    return reason


def main(module):
    parser = argparse.ArgumentParser(prog=f"./dev bench {module.NAME}", description=module.__doc__)
    add_common_options(parser)
    module.add_options(parser)
    options = parser.parse_args()
    if why_not():
        return 77 if options.quick else 1
    folder = make_folder(options.output)
    code = run_module(module, options, folder)
    print(f"\nwritten to {folder}")
    return code
