# SPDX-License-Identifier: Apache-2.0
"""Health checks: what does not answer gets no new connections, and gets them again when it is well."""

import json
import random

import pytest

from helpers import connect, counters, wait_until
from lab import manifests
from lab.lab import run
from lab.topology import GATEWAY4, NODE, PYTHON, TESTS

SERVICE = {"group": "", "kind": "Service", "name": "app"}
ACTIVE = {"interval": "100ms", "timeout": "2s", "unhealthyThreshold": 2}
TCP = {"type": "TCP", **ACTIVE}
HTTP = {"type": "HTTP", "port": 9100, **ACTIVE}


def serve(topology, daemon, node=None, listener="tcp", families=("address4", "address6"), **health_check):
    """One Service with an endpoint on each backend, and the checks of it."""
    route = {"tcp": manifests.tcp_route, "udp": manifests.udp_route}[listener]
    addresses = [getattr(backend, family) for backend in topology.backends for family in families]
    daemon.write("app.yaml", manifests.documents(
        manifests.gateway(listeners=[(listener, 8080)]), route("r", app=1),
        *manifests.service("app", addresses, node=node, protocol=listener.upper())))
    set_checks(daemon, **health_check)
    daemon.start()


def set_checks(daemon, **health_check):
    policy = manifests.policy("UpstreamPolicy", SERVICE, healthCheck=health_check)
    daemon.write("policy.yaml", manifests.documents(policy))


def out_of_use(daemon):
    """{endpoint: "unhealthy" or "ejected"}"""
    rows = json.loads(daemon.gwctl("dump-maps", "backends", "-o", "json"))
    return {row["backend"]: row["health"] for row in rows if row["health"] != "-"}


def both(backend, state):
    return {f"{backend.address4}:9000": state, f"[{backend.address6}]:9000": state}


def answers(topology, number=40):
    """Who answers; everybody is answered."""
    result = connect(topology, number)
    assert not result["errors"], result
    return set(result["answers"])


def send_and_forget(topology, kind, what):
    """Ten sockets of that kind do something that waits for nobody. Their ports are not those of later sockets, which would
    go on with their flows."""
    ports = random.sample(range(1024, 32768), 10)
    topology.client.run(PYTHON, "-c", f"from socket import *; all = [(socket(AF_INET, {kind}), port) for port in {ports}]; "
                        f"to = ('{GATEWAY4}', 8080); [(s.bind(('', port)), {what}) for s, port in all]")


def hold(topology, number=40):
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, number)[2:])
    held.wait_for("round 1\n")
    return held


def broken(held):
    before = held.output().count("round ")
    wait_until(lambda: held.output().count("round ") > before + 2, "traffic in the old connections")
    held.stop()
    return json.loads(held.output().splitlines()[-1])["broken"]


def test_a_server_that_is_killed_is_taken_out_and_comes_back(network):
    topology, daemon = network
    serve(topology, daemon, active=TCP)
    first = topology.backends[0]
    assert answers(topology) == {"b1", "b2"}
    assert daemon.gwctl_code("status")[0] == 0
    first.server.stop()
    wait_until(lambda: out_of_use(daemon) == both(first, "unhealthy"), "the check to find it")
    assert answers(topology) == {"b2"}
    code, status = daemon.gwctl_code("status")
    assert code == 2
    assert "warning: Service default/app: port 80: 10.0.11.2:9000 is unhealthy since " in status
    assert "connection refused" in status
    assert "Health: 4 endpoints checked, 0 watched, 2 out of use" in status
    assert "10.0.11.2:9000 is unhealthy" in daemon.gwctl("describe", "service", "app")
    assert "Nothing changes in the maps." in daemon.gwctl_code("plan", "-f", daemon.manifests)[1]
    first.serve_identity()
    wait_until(lambda: not out_of_use(daemon), "the check to find it again")
    assert answers(topology) == {"b1", "b2"}
    assert daemon.gwctl_code("status")[0] == 0
    said = daemon.process.output()
    assert said.count("default/app:80: endpoint 10.0.11.2:9000 is unhealthy: connection refused") == 1
    assert said.count("default/app:80: endpoint 10.0.11.2:9000 is healthy again") == 1


@pytest.fixture
def http(tc_network):
    """Beside the identity servers, at port 9100, what says how they are: the contents of a file for each."""
    topology, daemon = tc_network
    states = []
    for backend in topology.backends:
        states.append(daemon.directory / f"state-{backend.name}")
        states[-1].write_text("200")
        backend.checked = backend.namespace.start(f"http-{backend.name}", PYTHON, TESTS / "lab" / "http_server.py", 9100,
                                                  states[-1])
        backend.checked.wait_for("listening")
    return topology, daemon, states


def test_a_server_that_says_it_is_not_well_keeps_its_connections_and_gets_no_new_ones(http):
    topology, daemon, states = http
    serve(topology, daemon, active=HTTP)
    held = hold(topology)
    states[1].write_text("503")
    wait_until(lambda: out_of_use(daemon) == both(topology.backends[1], "unhealthy"), "the check to find it")
    assert answers(topology) == {"b1"}
    assert "HTTP status 503" in daemon.gwctl("status", check=False)
    assert broken(held) == 0
    assert set(json.loads(held.output().splitlines()[-1])["names"]) == {"b1", "b2"}
    states[1].write_text("204")
    wait_until(lambda: not out_of_use(daemon), "the check to find it again")
    assert answers(topology) == {"b1", "b2"}


def test_a_server_that_hangs_is_taken_out(http):
    topology, daemon, states = http
    serve(topology, daemon, active={**HTTP, "timeout": "1s"})
    states[0].write_text("hang")
    wait_until(lambda: out_of_use(daemon) == both(topology.backends[0], "unhealthy"), "the check to find it")
    assert answers(topology) == {"b2"}
    assert "no answer within 1000 ms" in daemon.gwctl("status", check=False)


def test_bad_checks_below_the_threshold_change_nothing(http):
    topology, daemon, states = http
    states[0].write_text("503 200")
    serve(topology, daemon, families=["address4"], active=HTTP)
    wait_until(lambda: topology.backends[0].checked.output().count("503\n") > 10, "bad checks")
    assert answers(topology) == {"b1", "b2"}
    assert "unhealthy" not in daemon.process.output()
    assert daemon.gwctl_code("status")[0] == 0


def test_only_the_statuses_that_are_asked_for_are_good(http):
    topology, daemon, states = http
    serve(topology, daemon, active={**HTTP, "http": {"path": "/healthz", "expectedStatuses": [204]}})
    states[1].write_text("204")
    wait_until(lambda: "10.0.11.2:9000" in out_of_use(daemon), "the check to find it")
    wait_until(lambda: "10.0.12.2:9000" not in out_of_use(daemon), "the other to be good")
    assert answers(topology) == {"b2"}


def test_a_backend_that_refuses_connections_is_ejected(network):
    topology, daemon = network
    serve(topology, daemon, passive={"consecutiveFailures": 3, "baseEjectionTime": "1h"})
    assert answers(topology) == {"b1", "b2"}
    topology.backends[0].server.stop()

    def is_ejected():
        connect(topology, 10)
        return out_of_use(daemon).get("10.0.11.2:9000") == "ejected"

    wait_until(is_ejected, "its ejection")
    assert answers(topology) == {"b2"}
    counts = {row["backend"].split(" ")[0]: row for row in json.loads(daemon.gwctl("dump-maps", "health", "-o", "json"))}
    assert counts["10.0.11.2:9000"]["refusals"] >= 3
    assert counts["10.0.12.2:9000"]["refusals"] == 0
    assert "connections in a row were refused" in daemon.gwctl("status", check=False)
    daemon.process.stop()
    daemon.start()
    assert out_of_use(daemon)["10.0.11.2:9000"] == "ejected"
    assert answers(topology) == {"b2"}


def test_an_ejection_ends(tc_network):
    topology, daemon = tc_network
    serve(topology, daemon, node=NODE, passive={"consecutiveFailures": 2, "baseEjectionTime": "1s"})
    first = topology.backends[0]
    first.server.stop()

    def is_ejected():
        connect(topology, 10)
        return "10.0.11.2:9000 is ejected" in daemon.process.output()

    wait_until(is_ejected, "its ejection")
    first.serve_identity()
    wait_until(lambda: answers(topology) == {"b1", "b2"}, "the end of the ejection")
    assert "10.0.11.2:9000 is back after its ejection" in daemon.process.output()


def test_a_backend_that_answers_nothing_is_ejected(tc_network):
    topology, daemon = tc_network
    serve(topology, daemon, passive={"consecutiveFailures": 3, "connectTimeout": "1s", "baseEjectionTime": "1h"})
    held = hold(topology)
    topology.backends[0].namespace.run("nft", "add table inet hole; add chain inet hole in "
                                       "{ type filter hook input priority 0; }; add rule inet hole in "
                                       "tcp dport 9000 tcp flags & (syn | ack) == syn drop")

    def is_ejected():
        send_and_forget(topology, "SOCK_STREAM", "s.setblocking(False) or s.connect_ex(to)")
        return out_of_use(daemon) == {"10.0.11.2:9000": "ejected"}

    wait_until(is_ejected, "its ejection")
    assert "had no answer within 1000 ms" in daemon.gwctl("status", check=False)
    assert answers(topology) == {"b2"}
    assert broken(held) == 0


def test_udp_backends_that_are_not_there_are_ejected(tc_network):
    topology, daemon = tc_network
    udp = TESTS / "lab" / "udp.py"
    topology.backends[1].namespace.start("udp-b2", PYTHON, udp, "server", "b2", 9000).wait_for("listening")
    serve(topology, daemon, listener="udp", passive={"consecutiveFailures": 3, "baseEjectionTime": "1h"})

    topology.backends[0].namespace.sysctl("net.ipv4.icmp_ratelimit", 0)

    def is_ejected():
        send_and_forget(topology, "SOCK_DGRAM", "s.connect(to) or s.send(b'?')")
        return out_of_use(daemon) == {"10.0.11.2:9000": "ejected"}

    wait_until(is_ejected, "its ejection")
    result = json.loads(run(*topology.client.enter(PYTHON, udp, "client", GATEWAY4, 8080, 20, 1)))
    assert (result["lost"], result["answers"]) == (0, {"b2": 20})


def test_if_nobody_is_well_all_get_connections_or_nobody(tc_network):
    topology, daemon = tc_network
    serve(topology, daemon, active=TCP)
    for backend in topology.backends:
        backend.server.stop()
    wait_until(lambda: len(out_of_use(daemon)) == 4, "the checks to find them")
    assert connect(topology, 10)["errors"] == {"ConnectionRefusedError": 10}
    assert counters(daemon)["no_backend"] == 0  # it was the servers' hosts that refused
    assert "health is ignored and all get connections (healthCheck.panicThreshold)" in daemon.gwctl("status", check=False)
    set_checks(daemon, active=TCP, panicThreshold=0)
    wait_until(lambda: "its share of connections is rejected" in daemon.gwctl("status", check=False), "the other policy")
    assert connect(topology, 10)["errors"] == {"ConnectionRefusedError": 10}
    assert counters(daemon)["no_backend"] == 10
    topology.backends[1].serve_identity()
    wait_until(lambda: len(out_of_use(daemon)) == 2, "the check to find it again")
    assert answers(topology) == {"b2"}


def test_a_restarted_agent_does_not_try_out_on_clients_what_it_knew(tc_network):
    topology, daemon = tc_network
    serve(topology, daemon, active={**TCP, "interval": "1s"})
    first = topology.backends[0]
    first.server.stop()
    wait_until(lambda: out_of_use(daemon) == both(first, "unhealthy"), "the check to find it")
    daemon.process.stop()
    assert answers(topology) == {"b2"}
    daemon.start()
    assert out_of_use(daemon) == both(first, "unhealthy")
    assert answers(topology) == {"b2"}
    first.serve_identity()
    wait_until(lambda: answers(topology) == {"b1", "b2"}, "the check to find it again")


def test_a_policy_that_goes_takes_its_verdicts_with_it(tc_network):
    topology, daemon = tc_network
    serve(topology, daemon, active=TCP)
    topology.backends[0].server.stop()
    wait_until(lambda: len(out_of_use(daemon)) == 2, "the check to find it")
    (daemon.manifests / "policy.yaml").unlink()
    wait_until(lambda: not out_of_use(daemon), "the verdicts to go")
    wait_until(lambda: daemon.gwctl_code("status")[0] == 0, "the status to say so")
