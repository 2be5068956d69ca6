# SPDX-License-Identifier: Apache-2.0
"""gwctl analyze, plan, diff and convert, against the daemon that runs."""

import json
import subprocess

from helpers import connect, wait_until
from lab import manifests
from lab.topology import GATEWAY4


def change(tmp_path, *objects):
    path = tmp_path / "change.yaml"
    path.write_text(manifests.documents(*objects))
    return path


def gwctl_json(daemon, *words):
    code, text = daemon.gwctl_code(*words, "-o", "json")
    return code, json.loads(text)


def test_a_change_is_analyzed_before_it_is_made(tc_network, tmp_path):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    closed = change(tmp_path, manifests.gateway(listeners=(("other", 9090),)))
    code, analysis = gwctl_json(daemon, "analyze", "-f", closed)
    assert code == 2
    assert [entry["message"] for entry in analysis["breaks"] if entry["object"]["kind"] == "Gateway"] == ["listener tcp: no longer"]
    assert {entry["message"] for entry in analysis["attaches"]} == {"listener other"}
    assert len(connect(topology, 20)["answers"]) == 2  # nothing was changed

    elsewhere = change(tmp_path, manifests.gateway(addresses=["127.0.0.1"]))
    code, analysis = gwctl_json(daemon, "analyze", "-f", elsewhere)
    assert (code, len(analysis["rejections"])) == (2, 1)
    assert analysis["rejections"][0].startswith("listener default/web/tcp: AddressNotUsable: ")

    with_vip = change(tmp_path, manifests.gateway(addresses=["198.51.100.9"]))
    assert any("198.51.100.9" in warning for warning in gwctl_json(daemon, "analyze", "-f", with_vip)[1]["warnings"])

    harmless = change(tmp_path, manifests.gateway(listeners=(("tcp", 8080), ("other", 9090))))
    assert daemon.gwctl_code("analyze", "-f", harmless)[0] == 0


def test_connections_that_would_drain_are_counted(tc_network, tmp_path):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, 5)[2:])
    held.wait_for("round 1\n")
    backend = topology.backends[0]
    ipv4 = manifests.service(backend.name, [backend.address4])[1]
    ipv4["endpoints"][0]["conditions"] = {"ready": False}
    _, analysis = gwctl_json(daemon, "analyze", "-f", change(tmp_path, ipv4))
    assert analysis["connections"] == [f"5 connections with backend {backend.address4}:9000: they go on for 300 s, "
                                       "then get a RST at their next packet"]
    held.stop()


def test_the_plan_of_a_change_is_what_becomes_of_the_maps(tc_network, tmp_path):
    topology, daemon = tc_network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    moved = change(tmp_path, manifests.gateway(listeners=(("tcp", 9090),)))
    code, plan = gwctl_json(daemon, "plan", "-f", moved)
    assert (code, plan["comparedWith"]) == (0, "maps")
    assert any(line.startswith("set listener tcp") and ":9090" in line for line in plan["operations"])
    assert any(line.startswith("remove listener tcp") and ":8080" in line for line in plan["operations"])
    assert not any("backend" in line for line in plan["operations"])
    diff = daemon.gwctl("diff", "-f", moved)
    assert "== Gateway default/web changed\n" in diff and "-      port: 8080\n+      port: 9090\n" in diff
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}, port=9090))
    wait_until(lambda: gwctl_json(daemon, "plan", "-f", moved)[1]["operations"] == [], "the change")


def test_why_a_route_is_not_attached_is_told_without_a_change(tc_network):
    topology, daemon = tc_network
    route = manifests.tcp_route("far", b1=1)
    route["metadata"]["namespace"] = "app"
    route["spec"]["parentRefs"][0]["namespace"] = "default"
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}) + manifests.documents(route))
    daemon.start()
    code, text = daemon.gwctl_code("analyze")
    assert code == 2
    assert "TCPRoute app/far is not attached to Gateway default/web" in text
    assert "set allowedRoutes.namespaces of the listener to {from: Selector" in text
    events = daemon.gwctl("describe", "tcproute", "far", "-n", "app").split("Events:")[1]
    assert "Accepted=False NotAllowedByListeners" in events


def test_what_convert_writes_is_accepted_and_served(tc_network, tmp_path):
    topology, daemon = tc_network
    old = tmp_path / "old.yaml"
    legacy = {"apiVersion": "networking.x-k8s.io/v1alpha1"}
    old.write_text(manifests.documents(
        {**legacy, "kind": "Gateway", "metadata": {"name": "web"},
         "spec": {"gatewayClassName": "portcullis", "listeners": [
             {"port": 8080, "protocol": "TCP", "routes": {"kind": "TCPRoute", "selector": {"matchLabels": {"app": "a"}}}}]}},
        {**legacy, "kind": "TCPRoute", "metadata": {"name": "r", "labels": {"app": "a"}},
         "spec": {"rules": [{"forwardTo": [{"serviceName": "b1", "port": 80}]}]}}))
    done = subprocess.run([daemon.bin / "gwctl", "convert", "-f", old], capture_output=True, text=True)
    assert done.returncode == 2 and "# spec.listeners[0].routes.selector: " in done.stdout, done
    backend = topology.backends[0]
    services = manifests.documents(*manifests.service("b1", [backend.address4, backend.address6]))
    (tmp_path / "new.yaml").write_text(done.stdout + services)
    checked = subprocess.run([daemon.bin / "portcullis", "check", tmp_path / "new.yaml"], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
    daemon.write("web.yaml", done.stdout + services)
    daemon.start()
    assert set(connect(topology, 10)["answers"]) == {"b1"}
