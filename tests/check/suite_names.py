# SPDX-License-Identifier: Apache-2.0
"""Holds tests/spec/suite.yaml, the list of the official suite's tests, to the golden cases that it names.

suite_names.py TREE prints a line for each test without a case and without a word why, for each case that does not
exist, and for each condition and count of what is attached that the suite asserts and that none of the test's
cases shows; it exits with 1 if there is one.
"""

import json
import sys
from pathlib import Path

import yaml

COUNTS = ("attachedRoutes", "attachedListenerSets")


def conditions_of(document):
    """"Listener Programmed=False/Invalid": what a condition is of, its type, status and reason; and without the reason."""
    kind, status = document["kind"], document["status"]
    whole = next((word for word in ("Route", "Policy") if kind.endswith(word)), kind)
    parts = {whole: [status, *status.get("parents", []), *status.get("ancestors", [])],
             "Listener": status.get("listeners", [])}
    for part, entries in parts.items():
        for condition in (condition for entry in entries for condition in entry.get("conditions", [])):
            named = f"{part} {condition['type']}={condition['status']}"
            yield from (named, f"{named}/{condition['reason']}")


def counts_of(document):
    """What is attached, by the field that says so."""
    status = document["status"]
    yield from (("attachedRoutes", listener["attachedRoutes"]) for listener in status.get("listeners", []))
    if document["kind"] == "Gateway":
        yield "attachedListenerSets", status.get("attachedListenerSets", 0)


def shown(statuses):
    """The conditions and the counts in status files."""
    conditions, counts = set(), set()
    for path in statuses:
        for document in json.loads(path.read_text())["objects"]:
            conditions.update(conditions_of(document))
            counts.update(counts_of(document))
    return conditions, counts


def asserted(entry, functions):
    """The conditions of a test and of the functions that it calls; and which of them come later, and why."""
    parts = [entry, *(functions[name] for name in entry.get("calls", []))]
    later = {condition: why for part in reversed(parts) for condition, why in part.get("later", {}).items()}
    return {condition for part in parts for condition in part.get("conditions", [])}, later


def judge_test(name, entry, spec, goldens):
    because = spec["because"]
    cases = [goldens / case / "status.json" for case in entry.get("golden", [])]
    for path in cases:
        if not path.exists():
            yield f"{name}: there is no golden case {path.parent.name}"
    absent = entry.get("absent")
    if absent is not None and absent not in because:
        yield f"{name}: absent, because of {absent}, which `because` does not explain"
    if (absent is None) == (not cases):
        yield f"{name}: say which golden cases stand for it, or why none does (absent)"
    expected, later = asserted(entry, spec["functions"])
    for why in set(later.values()) - set(because):
        yield f"{name}: later, because of {why}, which `because` does not explain"
    if absent is not None or not cases:
        return
    conditions, counts = shown(path for path in cases if path.exists())
    for condition in expected - conditions - set(later):
        yield f"{name}: none of its cases shows {condition}"
    for condition in set(later) & conditions:
        yield f"{name}: {condition} is said to come later, but one of its cases shows it"
    for field in COUNTS:
        for count in entry.get(field, []):
            if (field, count) not in counts:
                yield f"{name}: none of its cases shows {field} {count}"


def judge(tree):
    spec = yaml.safe_load((tree / "tests/spec/suite.yaml").read_text())
    return [problem for name, entry in spec["tests"].items()
            for problem in judge_test(name, entry, spec, tree / "tests/golden/cases")]


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
