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
FUNCTION = re.compile(r"^func (\w+)\(.*?^\}", re.DOTALL | re.MULTILINE)
NAME = re.compile(r'ShortName:\s*"(\w+)"')
CALL = re.compile(r"\b(\w+)\(")
# Of the constants' names, `GatewayReasonAccepted`: what the condition is of.
PARTS = {"GatewayClass": "GatewayClass", "Gateway": "Gateway", "ListenerSet": "ListenerSet", "Listener": "Listener",
         "ListenerEntry": "Listener", "Route": "Route", "Policy": "Policy", "BackendTLSPolicy": "Policy"}
CONDITION = re.compile(r"\{[^{}]*\bType:\s*string\([^{}]*\}")
TYPE = re.compile(rf"\bType:\s*string\((?:\w+\.)?({'|'.join(PARTS)})Condition(\w+)\)")
STATUS = re.compile(r'\bStatus:\s*(?:metav1\.Condition|")(\w+)')
REASON = re.compile(rf"\b(?:{'|'.join(PARTS)})Reason([A-Z]\w*)")
# `Reason: string(tc.reason)`: the field of a table of cases.
REASON_OF_CASE = re.compile(r"\bReason:\s*string\(\w+\.(\w+)\)")
# Of a condition that a test writes for another controller, and asserts nothing of.
WRITTEN = "LastTransitionTime:"
ATTACHED = re.compile(r"AttachedRoutes:\s*(\d+)")
ATTACHED_SETS = re.compile(r"GatewayMustHaveAttachedListeners\([^)]*?(\d+)\)")
# Fields that the source says; the others are ours.
TOLD = ("conditions", "calls", "attachedRoutes", "attachedListenerSets")


def reasons_in(block, text):
    """The reasons that a condition may have; "" stands for any."""
    if own := REASON.search(block):
        return {own.group(1)}
    field = REASON_OF_CASE.search(block)
    return set(re.findall(rf"\b{field.group(1)}:.*?{REASON.pattern}", text)) if field else {""}


def conditions_in(text):
    """"Listener Programmed=False/Invalid", or without the reason where any is right."""
    for block in CONDITION.findall(text):
        if WRITTEN in block:
            continue
        kind, status = TYPE.search(block), STATUS.search(block)
        if not (kind and status):
            raise ClusterError(f"this condition cannot be read: {block}")
        for reason in reasons_in(block, text):
            yield f"{PARTS[kind.group(1)]} {kind.group(2)}={status.group(1)}" + (f"/{reason}" if reason else "")


def told_of(text):
    """What a piece of the source asserts, and which functions it calls."""
    return {"conditions": set(conditions_in(text)), "calls": set(CALL.findall(text)),
            "attachedRoutes": {int(count) for count in ATTACHED.findall(text)},
            "attachedListenerSets": {int(count) for count in ATTACHED_SETS.findall(text)}}


def asserted_by(name, functions, seen):
    """The conditions that a function asserts, itself or by those that it calls."""
    if name in seen or name not in functions:
        return set()
    seen.add(name)
    return functions[name]["conditions"].union(*(asserted_by(called, functions, seen) for called in functions[name]["calls"]))


def tests_of(source):
    """What each test of a Go file asserts, by name; with the variables that follow it, without the functions."""
    text = FUNCTION.sub("", source)
    starts = [found.start() for found in TEST.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)]):
        test = text[start:end]
        yield NAME.search(test).group(1), told_of(test)


def read_source(directory):
    paths = [*(directory / "tests").rglob("*.go"), *(directory / "utils/kubernetes").glob("*.go")]
    return [re.sub(r"//.*", "", path.read_text()) for path in sorted(paths) if not path.name.endswith("_test.go")]


def read_suite(directory):
    """What each test asserts, and each function that tests call and that asserts something, by name."""
    sources = read_source(directory)
    functions = {found.group(1): told_of(found.group(0)) for text in sources for found in FUNCTION.finditer(text)}
    tests = dict(test for text in sources for test in tests_of(text))
    asserting = {name: conditions for name in functions if (conditions := asserted_by(name, functions, set()))}
    for told in tests.values():
        told["calls"] &= asserting.keys()
    called = set().union(*(told["calls"] for told in tests.values()))
    return {"functions": {name: in_order({"conditions": asserting[name]}) for name in called},
            "tests": {name: in_order(told) for name, told in tests.items()}}


def in_order(told):
    return {field: sorted(values) for field, values in told.items() if values}


def differences(listed, found):
    for name in sorted(listed.keys() | found.keys()):
        if name not in found:
            yield f"{name} is not in the suite any more"
        elif name not in listed:
            yield f"{name} is not listed: {found[name]}"
        else:
            told = {field: value for field, value in listed[name].items() if field in TOLD}
            if told != found[name]:
                yield f"{name} asserts {found[name]}, listed is {told}"


def updated(listed, found):
    return {name: {**{field: value for field, value in listed.get(name, {}).items() if field not in TOLD}, **told}
            for name, told in sorted(found.items())}


def write(text, spec):
    """Everything before `functions:` is by hand and stays."""
    lines = [text[:text.index("\nfunctions:\n")]]
    for section, entries in spec.items():
        lines.append(f"{section}:")
        lines += [f"  {name}: {yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=10000).strip()}"
                  for name, entry in entries.items()]
    SUITE.write_text("\n".join(lines) + "\n")


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
    listed = {section: yaml.safe_load(text)[section] or {} for section in found}
    problems = [problem for section in found for problem in differences(listed[section], found[section])]
    print("\n".join([*problems, f"{len(found['tests'])} tests in the suite of {TODAY}, {len(listed['tests'])} listed"]))
    if update:
        write(text, {section: updated(listed[section], found[section]) for section in found})
    sys.exit(1 if problems and not update else 0)


if __name__ == "__main__":
    main()
