# SPDX-License-Identifier: Apache-2.0
"""Who may include whom, and which third-party headers stay where.

layers.py TREE prints a line for each include that breaks a rule and exits with 1 if there is one.
"""

import re
import sys
from pathlib import Path

# A module may include its own headers, maps/ where listed, and these modules.
ALLOWED = {
    "base": set(),
    "api": {"base"},
    "provider": {"api", "base"},
    "ir": {"base"},
    "translate": {"api", "ir", "base"},
    "analyze": {"api", "ir", "translate", "base"},
    "convert": {"api", "translate", "base"},
    "proxy": {"ir", "base"},
    "plan": {"maps", "base"},
    "status": {"api", "plan", "maps", "base"},
    "compile": {"ir", "plan", "net", "maps", "base"},
    "net": {"base"},
    "datapath": {"plan", "maps", "base"},
    "config": {"base", "compile", "datapath", "maps"},
    "health": {"ir", "plan", "maps", "base"},
    "admin": {"base"},
    "agent": {"admin", "api", "base", "compile", "config", "datapath", "health", "ir", "maps", "net", "plan", "provider", "status", "translate"},
    "cli": {"admin", "analyze", "api", "base", "compile", "config", "convert", "datapath", "ir", "maps", "net", "plan", "provider", "translate"},
}
# Of net/, compile may only see values.
NET_VALUES = {"userspace/net/routing.hpp", "userspace/net/topology.hpp"}
# Third-party headers by the modules that may use them.
THIRD_PARTY = [
    (re.compile(r"^(bpf/(bpf|libbpf|btf)\.h|.*\.skel\.h)$"), {"datapath"}),
    (re.compile(r"^netlink/"), {"net"}),
    (re.compile(r"^yaml-cpp/"), {"api", "cli", "config"}),
    (re.compile(r"^httplib\.h$"), {"admin"}),
    (re.compile(r"^openssl/"), {"plan", "translate", "proxy"}),
    (re.compile(r"^re2/"), {"translate", "proxy"}),
    (re.compile(r"^CLI/"), {"agent", "cli"}),
    (re.compile(r"^systemd/"), {"agent"}),
    (re.compile(r"^spdlog/"), {"agent"}),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1)


def module_of(included):
    """The module that a header of ours belongs to, or None."""
    parts = included.split("/")
    if parts[0] == "maps":
        return "maps"
    return parts[1] if parts[0] == "userspace" and len(parts) > 2 else None


def judge(module, included):
    """Why this include is wrong, or None."""
    target = module_of(included)
    if target and target != module:
        if target not in ALLOWED[module]:
            return f"{module} may not include {target}"
        if module == "compile" and target == "net" and included not in NET_VALUES:
            return "compile may include net's values only"
    for pattern, users in THIRD_PARTY:
        if pattern.match(included) and module not in users:
            return f"{included} belongs to {', '.join(sorted(users))}"
    return None


def check_userspace(tree):
    for path in sorted((tree / "userspace").rglob("*.[ch]pp")):
        module = path.relative_to(tree / "userspace").parts[0]
        for number, included in includes(path):
            why = judge(module, included)
            if why:
                yield f"{path.relative_to(tree)}:{number}: {why}"


def check_bpf(tree):
    for path in sorted([*(tree / "bpf").rglob("*.[ch]"), *(tree / "maps").glob("*.h")]):
        own = {"bpf", "maps"} if path.is_relative_to(tree / "bpf") else {"maps"}
        for number, included in includes(path):
            if included.startswith("userspace/") or (included.startswith("bpf/lib") and "bpf" not in own):
                yield f"{path.relative_to(tree)}:{number}: {'/'.join(own)} may not include {included}"


def main():
    tree = Path(sys.argv[1])
    problems = [*check_userspace(tree), *check_bpf(tree)]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
