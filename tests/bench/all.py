# SPDX-License-Identifier: Apache-2.0
"""./dev bench all: every benchmark, one after another, into one folder; about ten minutes, on a machine with nothing
else to do.

--publish puts the plots into docs/img and writes README's section "Measured" and docs/measured.md from the figures.
"""

import argparse
import sys

import control
import flows
import l4
import packet
import publish
import report
import scale

BENCHMARKS = (packet, flows, l4, scale, control)


def defaults(module, quick):
    """The options of a benchmark that is asked for nothing in particular."""
    parser = argparse.ArgumentParser()
    report.add_common_options(parser, folder=False)
    module.add_options(parser)
    return parser.parse_args(["--quick"] if quick else [])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench all", description=__doc__)
    report.add_common_options(parser)
    parser.add_argument("--publish", action="store_true", help="update README and docs/img")
    options = parser.parse_args()
    if options.quick and options.publish:
        parser.error("--quick is no measurement: there is nothing to publish")
    if report.why_not():
        return 1
    folder = report.make_folder(options.output)
    codes = []
    for module in BENCHMARKS:
        print(f"\n=== {module.NAME}")
        codes.append(report.run_module(module, defaults(module, options.quick), folder))
    print(f"\nwritten to {folder}")
    if options.publish:
        publish.publish(folder)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
