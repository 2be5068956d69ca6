# SPDX-License-Identifier: Apache-2.0
"""portcullis check, gwctl, and what they print."""

import json
import subprocess

from helpers import connect
from lab import manifests
from lab.topology import Daemon


def check(daemon, *words):
    done = subprocess.run([daemon.bin / "portcullis", "check", *words], capture_output=True, text=True)
    return done.returncode, done.stdout


def test_check_accepts_good_manifests_and_places_the_problems_of_bad_ones(tc_network, tmp_path):
    topology, daemon = tc_network
    good = tmp_path / "good.yaml"
    good.write_text(manifests.split(topology, {"b1": 1}))
    assert check(daemon, good) == (0, "")
    bad = tmp_path / "bad.yaml"
    bad.write_text("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata:\n  name: web\nspec:\n"
                   "  gatewayClassName: x\n  listeners:\n  - {name: a, port: 70000, protocol: TCP}\n")
    assert check(daemon, bad) == (1, f"{bad}:8:21: Gateway default/web spec.listeners[0].port: "
                                     "70000 is out of range (expected 1..65535)\n")


def test_check_sees_an_object_that_two_files_define_unless_each_is_looked_at_by_itself(tc_network, tmp_path):
    topology, daemon = tc_network
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(manifests.documents(manifests.gateway()))
    second.write_text(manifests.documents(manifests.gateway()))
    assert check(daemon, first, second) == (1, f"{second}:2:1: Gateway default/web: is defined in {first} already, which counts\n")
    assert check(daemon, "--objects-only", first, second) == (0, "")


def test_gwctl_shows_gateways_routes_and_maps(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 3, "b2": 1}))
    daemon.start()
    connect(topology, 10)
    assert "split" in daemon.gwctl("get", "tcproutes")
    gateway = json.loads(daemon.gwctl("get", "gateway", "web", "-o", "json"))
    assert {a["value"] for a in gateway["status"]["addresses"]} >= {"10.0.1.1", "2001:db8:1::1"}
    assert "Programmed" in daemon.gwctl("describe", "gateway", "web")
    shares = {row["backend"].split(":")[0]: row["share"] for row in json.loads(daemon.gwctl("dump-maps", "maglev", "-o", "json"))
              if row["backend"].startswith("10.")}
    assert shares == {"10.0.11.2": "75 %", "10.0.12.2": "25 %"}
    flows = json.loads(daemon.gwctl("dump-maps", "flows", "-o", "json"))
    assert len([flow for flow in flows if flow["vip"] == "10.0.1.1:8080"]) == 10
    assert daemon.gwctl_code("status")[0] == 0


def test_dump_maps_works_while_the_daemon_is_dead(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    daemon.process.stop()
    assert "default/web/tcp" in daemon.gwctl("dump-maps", "listeners")
    code, text = daemon.gwctl_code("status")
    assert (code, "nobody answers" in text) == (1, True)


def test_gwctl_says_what_would_be_right(tc_network):
    _, daemon = tc_network
    code, text = daemon.gwctl_code("dump-maps")
    assert code == 1 and "--pin-dir" in text
    daemon.start()
    assert daemon.gwctl_code("get", "gatways")[0] == 1
    code, text = daemon.gwctl_code("get", "gateway", "nope")
    assert (code, text) == (1, "Error: Gateway default/nope not found\n")


def test_status_is_written_to_files(tc_network):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    status = json.loads((daemon.directory / "status" / "tcproute.gateway.networking.k8s.io_default_split.json").read_text())
    assert status["status"]["parents"][0]["conditions"][0]["status"] == "True"
