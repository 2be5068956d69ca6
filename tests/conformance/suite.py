# SPDX-License-Identifier: Apache-2.0
"""./dev conformance suite [--update]: is tests/spec/suite.yaml still about the official suite's tests?

Reads the Go source of the suite (the module sigs.k8s.io/gateway-api/conformance, of the release that we follow) and
compares what each test asserts of statuses with what suite.yaml says that it does. Prints the differences; exit code 1
if there are any. --update writes what the source says; which golden cases stand for a test stays as it is, and is for a
person to fill in for a new one.
"""

import argparse
import re
import sys

import yaml

from conformance.cluster import GATEWAY_API, TREE, ClusterError, missing_requirement, module
from conformance.verdicts import TODAY

SUITE = TREE / "tests/spec/suite.yaml"
TEST = re.compile(r"= (?:suite|confsuite)\.ConformanceTest\{")
NAME = re.compile(r'ShortName:\s*"(\w+)"')
# Of the constants' names, `GatewayReasonAccepted`: what the condition is of.
PARTS = {"GatewayClass": "GatewayClass", "Gateway": "Gateway", "ListenerSet": "ListenerSet", "Listener": "Listener",
         "ListenerEntry": "Listener", "Route": "Route", "Policy": "Policy", "BackendTLSPolicy": "Policy"}
REASON = re.compile(rf"\b({'|'.join(PARTS)})Reason([A-Z]\w*)")
ATTACHED = re.compile(r"AttachedRoutes:\s*(\d+)")
# Fields that the source says; the others are ours.
TOLD = ("reasons", "attachedRoutes")


def tests_of(source):
    """What each test of a Go file asserts, by name."""
    starts = [found.start() for found in TEST.finditer(source)]
    for start, end in zip(starts, [*starts[1:], len(source)]):
        text = source[start:end]
        told = {"reasons": sorted({f"{PARTS[part]} {reason}" for part, reason in REASON.findall(text)}),
                "attachedRoutes": sorted({int(count) for count in ATTACHED.findall(text)})}
        yield NAME.search(text).group(1), {field: value for field, value in told.items() if value}


def read_suite(directory):
    found = {}
    for path in sorted((directory / "tests").rglob("*.go")):
        found.update(tests_of(path.read_text()))
    return found


def differences(listed, found):
    for name in sorted(listed.keys() | found.keys()):
        if name not in found:
            yield f"{name} is no test of the suite any more"
        elif name not in listed:
            yield f"{name} is not listed: {found[name]}"
        else:
            told = {field: value for field, value in listed[name].items() if field in TOLD}
            if told != found[name]:
                yield f"{name} asserts {found[name]}, listed is {told}"


def updated(listed, found):
    return {name: {**{field: value for field, value in listed.get(name, {}).items() if field not in TOLD}, **told}
            for name, told in sorted(found.items())}


def write(text, tests):
    """Everything before `tests:` is by hand and stays."""
    head = text[:text.index("\ntests:\n") + len("\ntests:\n")]
    lines = [f"  {name}: {yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=10000).strip()}"
             for name, entry in tests.items()]
    SUITE.write_text(head + "\n".join(lines) + "\n")


def main():
    options = argparse.ArgumentParser(prog="./dev conformance suite", description=__doc__.splitlines()[0])
    options.add_argument("--update", action="store_true", help="write what the source says")
    update = options.parse_args().update
    if problem := missing_requirement():
        sys.exit(f"conformance suite: {problem}")
    try:
        found = read_suite(module(f"{GATEWAY_API}/conformance", TODAY))
    except ClusterError as error:
        sys.exit(f"conformance suite: {error}")
    text = SUITE.read_text()
    listed = yaml.safe_load(text)["tests"] or {}
    problems = list(differences(listed, found))
    print("\n".join([*problems, f"{len(found)} tests in the suite of {TODAY}, {len(listed)} listed"]))
    if update:
        write(text, updated(listed, found))
    sys.exit(1 if problems and not update else 0)


if __name__ == "__main__":
    main()
