# SPDX-License-Identifier: Apache-2.0
"""Holds tests/spec/suite.yaml, the list of the official suite's tests, to the golden cases that it names.

suite_names.py TREE prints a line for each test without a case and without a word why, for each case that does not
exist, and for each reason and count of attached routes that the suite asserts and that none of the test's cases shows;
it exits with 1 if there is one.
"""

import json
import sys
from pathlib import Path

import yaml


def reasons_of(document):
    """"Listener Accepted": what a condition is of, and its reason."""
    kind, status = document["kind"], document["status"]
    whole = next((word for word in ("Route", "Policy") if kind.endswith(word)), kind)
    parts = {whole: [status, *status.get("parents", []), *status.get("ancestors", [])],
             "Listener": status.get("listeners", [])}
    return {f"{part} {condition['reason']}" for part, entries in parts.items() for entry in entries
            for condition in entry.get("conditions", [])}


def counts_of(status):
    return {listener["attachedRoutes"] for listener in status.get("listeners", [])}


def shown(statuses):
    """The reasons and the counts of attached routes in status files."""
    reasons, counts = set(), set()
    for path in statuses:
        for document in json.loads(path.read_text())["objects"]:
            reasons |= reasons_of(document)
            counts |= counts_of(document["status"])
    return reasons, counts


def judge_test(name, entry, because, goldens):
    cases = [goldens / case / "status.json" for case in entry.get("golden", [])]
    for path in cases:
        if not path.exists():
            yield f"{name}: there is no golden case {path.parent.name}"
    absent = entry.get("absent")
    if absent is not None and absent not in because:
        yield f"{name}: absent, because of {absent}, which `because` does not explain"
    if (absent is None) == (not cases):
        yield f"{name}: say which golden cases stand for it, or why none does (absent)"
    later = entry.get("later", {})
    for why in set(later.values()) - set(because):
        yield f"{name}: later, because of {why}, which `because` does not explain"
    if absent is not None or not cases:
        return
    reasons, counts = shown(path for path in cases if path.exists())
    for reason in set(entry.get("reasons", [])) - reasons - set(later):
        yield f"{name}: none of its cases shows reason {reason}"
    for reason in set(later) & reasons:
        yield f"{name}: {reason} is said to come later, but one of its cases shows it"
    for count in set(entry.get("attachedRoutes", [])) - counts:
        yield f"{name}: none of its cases has a listener with {count} attached routes"


def judge(tree):
    spec = yaml.safe_load((tree / "tests/spec/suite.yaml").read_text())
    return [problem for name, entry in spec["tests"].items()
            for problem in judge_test(name, entry, spec["because"], tree / "tests/golden/cases")]


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
