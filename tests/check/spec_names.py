# SPDX-License-Identifier: Apache-2.0
"""Holds the status that goldens show to tests/spec/conditions.yaml: names of fields, condition types and reasons.

spec_names.py TREE prints a line for each name that the specification does not have, and for each reason of the
specification that no golden shows and that is not said to be absent; it exits with 1 if there is one.
"""

import json
import sys
from pathlib import Path

import yaml

ROUTES = {"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"}
CONDITION_FIELDS = {"type", "status", "reason", "message", "observedGeneration"}


def kind_of(document):
    group = document["apiVersion"].split("/")[0]
    kind = document["kind"]
    if kind in ROUTES:
        kind = "Route"
    if group == "portcullis.dev":
        kind = "Policy"
    return f"{group}/{kind}"


def allowed_reasons(spec, condition_type, status):
    reasons = spec[condition_type]
    return [*reasons.get(status, []), *reasons.get("ours", [])]


def judge_conditions(where, conditions, spec):
    """Yields (problem, None) or (None, (type, status, reason)) for each."""
    for condition in conditions:
        name = (condition["type"], condition["status"], condition["reason"])
        if set(condition) - CONDITION_FIELDS:
            yield f"{where}: a condition has the fields {sorted(condition)}", None
        elif name[0] not in spec:
            yield f"{where}: there is no condition {name[0]}", None
        elif name[2] not in allowed_reasons(spec, name[0], name[1]):
            yield f"{where}: {name[0]}={name[1]} has no reason {name[2]}", None
        else:
            yield None, name


def judge_status(document, kinds):
    kind = kind_of(document)
    where = f"{kind} {document['metadata']['name']}"
    if kind not in kinds:
        yield kind, f"{where}: this kind has no status of ours", None
        return
    spec, status = kinds[kind], document["status"]
    foreign = sorted(set(status) - set(spec["status"]))
    if foreign:
        yield kind, f"{where}: status has no fields {foreign}", None
    for problem, name in judge_conditions(where, status.get("conditions", []), spec.get("conditions", {})):
        yield kind, problem, name and ("", *name)
    for part in ("listeners", "parents", "gateways", "ancestors"):
        for entry in status.get(part, []):
            foreign = sorted(set(entry) - set(spec[part]["fields"]))
            if foreign:
                yield kind, f"{where}: {part} has no fields {foreign}", None
            for problem, name in judge_conditions(where, entry["conditions"], spec[part]["conditions"]):
                yield kind, problem, name and (part, *name)


def all_names(kinds):
    """(kind, part, type, status, reason) of everything that the specification has."""
    for kind, spec in kinds.items():
        parts = {"": spec, **{part: spec[part] for part in ("listeners", "parents", "gateways", "ancestors") if part in spec}}
        for part, entry in parts.items():
            for condition_type, statuses in entry.get("conditions", {}).items():
                for status, reasons in statuses.items():
                    if status != "ours":
                        yield from ((kind, part, condition_type, status, reason) for reason in reasons)


def is_absent(name, absent):
    kind, _, condition_type, status, reason = name
    return any(reason in entry["reasons"] and entry.get("kind", kind) == kind
               and entry.get("type", condition_type) == condition_type and entry.get("status", status) == status
               for entry in absent)


def judge(tree):
    spec = yaml.safe_load((tree / "tests/spec/conditions.yaml").read_text())
    problems, seen = [], set()
    for path in sorted((tree / "tests/golden").rglob("status.json")):
        for document in json.loads(path.read_text())["objects"]:
            for kind, problem, name in judge_status(document, spec["kinds"]):
                if problem:
                    problems.append(f"{path.relative_to(tree)}: {problem}")
                else:
                    seen.add((kind, *name))
    for name in all_names(spec["kinds"]):
        text = "{} {} {}={} {}".format(*name)
        if name not in seen and not is_absent(name, spec["absent"]):
            problems.append(f"no golden shows {text}")
        if name in seen and is_absent(name, spec["absent"]):
            problems.append(f"{text} is said to be absent, but a golden shows it")
    return problems


if __name__ == "__main__":
    found = judge(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
