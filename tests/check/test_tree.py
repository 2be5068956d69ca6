# SPDX-License-Identifier: Apache-2.0
"""Rules of the tree, and that the checks for them notice what is wrong."""

import json
import re
import subprocess
from pathlib import Path

import layers
import spec_names
import suite_names
from conformance import suite

TREE = Path(__file__).resolve().parents[2]
SOURCES = [Path(name) for name in subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=TREE, capture_output=True, text=True,
    check=True).stdout.split() if (TREE / name).exists()]


def test_modules_include_only_what_their_layer_allows():
    assert [*layers.check_userspace(TREE), *layers.check_bpf(TREE)] == []


def test_the_layer_check_notices_what_is_wrong(tmp_path):
    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    write("userspace/ir/bad.hpp", '#include "userspace/api/meta.hpp"\n')
    write("userspace/translate/bad.cpp", "#include <vector>\n#include <bpf/libbpf.h>\n")
    write("userspace/compile/bad.cpp", '#include "userspace/net/discover.hpp"\n')
    write("bpf/bad.bpf.h", '#include "userspace/base/ip.hpp"\n')
    write("maps/bad.h", '#include "bpf/lib/flow.bpf.h"\n')
    assert len([*layers.check_userspace(tmp_path), *layers.check_bpf(tmp_path)]) == 5


def test_the_model_of_the_data_path_is_independent_of_it():
    """It may know the maps and the type of addresses, and what all packet tests share."""
    allowed = re.compile(r"^(maps/\w+\.h|userspace/base/ip\.hpp|tests/.*|[a-z_/]+|fmt/format\.h)$")
    model = [name for name in SOURCES if str(name).startswith("tests/differential/model/")]
    foreign = [f"{name}: {included}" for name in model for _, included in layers.includes(TREE / name)
               if not allowed.match(included)]
    assert model and foreign == []


def test_every_source_file_names_its_licence():
    missing = [str(name) for name in SOURCES if name.suffix in {".c", ".h", ".cpp", ".hpp", ".py"}
               and "SPDX-License-Identifier:" not in "\n".join((TREE / name).read_text().splitlines()[:3])]
    assert missing == []


def test_headers_are_included_once():
    missing = [str(name) for name in SOURCES if name.suffix in {".h", ".hpp"} and "#pragma once" not in (TREE / name).read_text()]
    assert missing == []


def test_every_module_is_linked_with_no_more_than_it_may_include():
    for path in (TREE / "userspace").glob("*/CMakeLists.txt"):
        module = path.parent.name
        linked = set(re.findall(r"\bgw_(\w+)", " ".join(re.findall(r"DEPS ([^\n)]*)", path.read_text().split("add_executable")[0]))))
        linked = {name for name in linked if name in layers.ALLOWED}
        assert linked <= layers.ALLOWED[module] | {module}, f"{path}: {linked - layers.ALLOWED[module]}"


def test_the_commands_that_scripts_call_are_in_the_list_of_packages():
    packages = {line.split("#")[0].strip() for line in (TREE / "packages.txt").read_text().splitlines()}
    for command, package in {"cmake": "cmake", "ninja": "ninja-build", "clang-tidy-19": "clang-tidy-19", "nft": "nftables",
                             "clang-format-19": "clang-format-19", "haproxy": "haproxy", "nginx": "nginx-light",
                             "ethtool": "ethtool", "nsenter": "util-linux", "curl": "curl", "pytest": "python3-pytest",
                             "matplotlib": "python3-matplotlib", "sysctl": "procps", "bpftool": "bpftool"}.items():
        assert package in packages, f"{command} needs {package}"


def proven_by_the_build():
    """Headers that some source file includes before anything else."""
    sources = [name for name in SOURCES if name.suffix == ".cpp"]
    return {included for name in sources for _, included in [*layers.includes(TREE / name)][:1]}


def test_no_header_depends_on_what_was_included_before_it():
    """Each header of ours compiles alone. Through ccache, by names that do not depend on where the tree is."""
    netlink = subprocess.run(["pkg-config", "--cflags", "libnl-3.0"], capture_output=True, text=True, check=True).stdout
    flags = ["-std=c++20", "-O0", "-I.", *netlink.split(), "-DGW_VERSION=\"x\"", "-c"]
    folder = Path("build/headers")
    (TREE / folder).mkdir(parents=True, exist_ok=True)
    proven = proven_by_the_build()
    headers = [name for name in SOURCES if name.suffix == ".hpp" and name.parts[0] == "userspace" and str(name) not in proven]
    broken = []
    for name in headers:
        unit = folder / f"{'_'.join(name.with_suffix('').parts)}.cpp"
        (TREE / unit).write_text(f'#include "{name}"\n')
        done = subprocess.run(["ccache", "g++", *flags, str(unit), "-o", str(unit.with_suffix(".o"))], cwd=TREE,
                              capture_output=True, text=True)
        if done.returncode:
            broken.append(f"{name}: {done.stderr.splitlines()[0]}")
    assert headers and broken == []


def test_status_has_the_names_of_the_specification_and_every_reason_has_a_golden():
    assert spec_names.judge(TREE) == []


def test_the_name_check_notices_what_is_wrong(tmp_path):
    spec = TREE / "tests/spec/conditions.yaml"
    (tmp_path / "tests/spec").mkdir(parents=True)
    (tmp_path / "tests/spec/conditions.yaml").write_text(spec.read_text())
    golden = tmp_path / "tests/golden/cases/x/status.json"
    golden.parent.mkdir(parents=True)
    condition = {"type": "Accepted", "status": "True", "reason": "Fine", "message": "", "observedGeneration": 1}
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "web"},
               "status": {"conditions": [condition], "listener": []}}
    golden.write_text(json.dumps({"objects": [gateway]}))
    problems = spec_names.judge(tmp_path)
    assert any("has no reason Fine" in problem for problem in problems)
    assert any("status has no fields ['listener']" in problem for problem in problems)
    assert "no golden shows gateway.networking.k8s.io/Gateway  Accepted=True Accepted" in problems


def test_each_test_of_the_official_suite_has_a_golden_that_shows_what_it_asserts():
    assert suite_names.judge(TREE) == []


def test_the_check_of_the_official_suite_notices_what_is_wrong(tmp_path):
    accepted, later = "Listener Accepted=True/Accepted", {"Listener Programmed=True": "proxy"}
    functions = {"Accepts": {"conditions": [accepted]}, "Programs": {"conditions": [*later], "later": later},
                 "Resolves": {"conditions": ["Listener ResolvedRefs=True"]}}
    tests = {"NoCase": {}, "NoSuchCase": {"golden": ["gone"]}, "NoWord": {"absent": "whim"},
             "Right": {"golden": ["x"], "conditions": [accepted, "Listener Accepted=True"], "calls": ["Accepts", "Programs"],
                       "attachedRoutes": [2], "attachedListenerSets": [0]},
             "OtherPart": {"golden": ["x"], "conditions": ["Gateway Accepted=True/Accepted"]},
             "OtherType": {"golden": ["x"], "conditions": ["Listener ResolvedRefs=True/Accepted"]},
             "OtherStatus": {"golden": ["x"], "conditions": ["Listener Accepted=False/Accepted"]},
             "OtherReason": {"golden": ["x"], "conditions": ["Listener Accepted=True/Fine"]},
             "OtherOfAFunction": {"golden": ["x"], "calls": ["Accepts", "Resolves"]},
             "OtherCount": {"golden": ["x"], "attachedRoutes": [1]},
             "OtherCountOfSets": {"golden": ["x"], "attachedListenerSets": [2]},
             "NotLater": {"golden": ["x"], "later": {accepted: "proxy"}}}
    (tmp_path / "tests/spec").mkdir(parents=True)
    spec = {"because": {"proxy": "."}, "functions": functions, "tests": tests}
    (tmp_path / "tests/spec/suite.yaml").write_text(json.dumps(spec))
    golden = tmp_path / "tests/golden/cases/x/status.json"
    golden.parent.mkdir(parents=True)
    condition = {"type": "Accepted", "status": "True", "reason": "Accepted"}
    status = {"conditions": [], "listeners": [{"attachedRoutes": 2, "conditions": [condition]}]}
    golden.write_text(json.dumps({"objects": [{"kind": "Gateway", "status": status}]}))
    assert {problem.split(":")[0] for problem in suite_names.judge(tmp_path)} == tests.keys() - {"Right"}


SUITE_SOURCE = """
var Test = suite.ConformanceTest{
	ShortName: "Named",
	Test: func(t *testing.T, s *suite.ConformanceTestSuite) {
		cases := []struct{ reason v1.GatewayConditionReason }{
			{reason: v1.GatewayReasonInvalid}, // not v1.GatewayReasonPending
			{reason: v1.GatewayReasonNoResources},
		}
		GatewayMustHaveCondition(t, metav1.Condition{
			Type:   string(v1.GatewayConditionProgrammed),
			Status: metav1.ConditionFalse,
			Reason: string(tc.reason),
		})
		Seed(metav1.Condition{Type: string(v1.RouteConditionAccepted), Status: "True", LastTransitionTime: now})
		GatewayMustHaveAttachedListeners(t, s.Client, gwNN, 2)
		kubernetes.MustBeAccepted(t, expected)
	},
}

var expected = []v1.ListenerStatus{{AttachedRoutes: 1, Conditions: []metav1.Condition{{
	Type:   string(v1.ListenerConditionResolvedRefs),
	Status: metav1.ConditionTrue,
	Reason: "", // any reason
}}}}

func MustBeAccepted(t *testing.T) {
	listeners(t)
}

func listeners(t *testing.T) []metav1.Condition {
	return []metav1.Condition{{
		Type:   string(v1.ListenerEntryConditionAccepted),
		Status: metav1.ConditionTrue,
		Reason: string(v1.ListenerReasonAccepted),
	}}
}
"""


def test_what_the_official_suite_asserts_is_read_from_its_source(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/named.go").write_text(SUITE_SOURCE)
    assert suite.read_suite(tmp_path) == {
        "functions": {"MustBeAccepted": {"conditions": ["Listener Accepted=True/Accepted"]}},
        "tests": {"Named": {"conditions": ["Gateway Programmed=False/Invalid", "Gateway Programmed=False/NoResources",
                                           "Listener ResolvedRefs=True"],
                            "calls": ["MustBeAccepted"], "attachedRoutes": [1], "attachedListenerSets": [2]}}}
