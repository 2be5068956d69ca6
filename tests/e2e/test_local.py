# SPDX-License-Identifier: Apache-2.0
"""Clients on the gateway host itself: its own processes, by the programs on a cgroup."""

import json
import signal

import pytest

from helpers import assert_share, counters, outcomes, wait_until
from lab import manifests
from lab.lab import Lab, cgroup_root, run
from lab.topology import Daemon, GATEWAY4, GATEWAY6, PYTHON, TESTS, Topology

CLIENT = TESTS / "lab" / "client.py"
UDP = TESTS / "lab" / "udp.py"
MAPPED = f"::ffff:{GATEWAY4}"

ADDRESSES = pytest.mark.parametrize("address", [GATEWAY4, MAPPED, GATEWAY6], ids=["ipv4", "mapped", "ipv6"])

pytestmark = pytest.mark.skipif(cgroup_root() is None, reason="needs cgroup v2, mounted anywhere")


class Host:
    """The gateway host, the backends, and a cgroup whose processes are served."""

    def __init__(self, lab, config=""):
        self.cgroup = lab.cgroup()
        self.topology = Topology(lab)
        self.topology.serve_identity()
        for backend in self.topology.backends:
            server = backend.namespace.start(f"udp-{backend.name}", PYTHON, UDP, "server", backend.name, 9000)
            server.wait_for("listening")
        self.daemon = Daemon(self.topology, attach="tc", cgroup=self.cgroup.path, config=config)

    def split(self, **weights):
        """Ports 8080, TCP and UDP: by these weights; 8081, TCP: four fifths to nothing; 8082, UDP: all of it."""
        listeners = (("tcp", 8080), ("udp", 8080), ("odd", 8081), ("none", 8082))
        made = [manifests.gateway(listeners=listeners), manifests.tcp_route("t", section="tcp", **weights),
                manifests.udp_route("u", section="udp", **{f"u{name}": weight for name, weight in weights.items()}),
                manifests.tcp_route("odd", section="odd", b1=20, nobody=80), *manifests.service("nobody", [])]
        made[0]["spec"]["listeners"][3]["protocol"] = "UDP"
        for backend in self.topology.backends:
            addresses = [backend.address4, backend.address6]
            made += manifests.service(backend.name, addresses)
            made += manifests.service(f"u{backend.name}", addresses, protocol="UDP")
        self.daemon.write("web.yaml", manifests.documents(*made))
        self.daemon.start()

    def ask(self, script, *words, namespace=None):
        """Runs a client as a process of the cgroup."""
        namespace = namespace or self.topology.gateway
        return json.loads(run(*self.cgroup.enter(*namespace.enter(PYTHON, script, *words))))

    def connect(self, number, address=GATEWAY4, port=8080, namespace=None):
        return self.ask(CLIENT, "count", address, port, number, namespace=namespace)


@pytest.fixture
def host(lab):
    return Host(lab)


@pytest.fixture(scope="module")
def serving():
    """A host that splits 70 to 30, for all tests that change nothing."""
    with Lab("local") as lab:
        made = Host(lab)
        made.split(b1=70, b2=30)
        yield made


@ADDRESSES
def test_connections_are_split_by_weight_and_believe_to_be_with_the_vip(serving, address):
    result = serving.connect(400, address)
    assert not result["errors"]
    assert_share(outcomes(result), "b1", 0.7)
    assert set(result["peers"]) == ({"2001:db8:11::1", "2001:db8:12::1"} if address == GATEWAY6 else
                                    {"10.0.11.1", "10.0.12.1"})
    assert set(result["remotes"]) == {f"{address} 8080"}


@ADDRESSES
@pytest.mark.parametrize("how", ["client", "sendto"])
def test_udp_flows_are_split_by_weight_and_answered_by_the_vip(serving, address, how):
    result = serving.ask(UDP, how, address, 8080, 200, 3)
    assert (result["lost"], result["refused"], result["moved"]) == (0, 0, 0)
    assert_share(result["flows"], "b1", 0.7)
    assert set(result["sources"]) == {f"{address} 8080"}


@ADDRESSES
def test_a_rejected_share_is_refused_in_proportion(serving, address):
    before = counters(serving.daemon)["no_backend"]
    result = serving.connect(300, address, 8081)
    assert set(result["errors"]) == {"ConnectionRefusedError"}
    assert_share(outcomes(result), "b1", 0.2)
    assert counters(serving.daemon)["no_backend"] - before == result["errors"]["ConnectionRefusedError"]


@ADDRESSES
@pytest.mark.parametrize("how", ["client", "sendto"])
def test_udp_to_nothing_is_refused(serving, address, how):
    assert serving.ask(UDP, how, address, 8082, 5, 1)["refused"] == 5


def b2_alone(host):
    """Manifests without b1."""
    b2 = host.topology.backends[1]
    return manifests.documents(
        manifests.gateway(listeners=(("tcp", 8080), ("udp", 8080))), manifests.tcp_route("t", b2=1),
        manifests.udp_route("u", ub2=1), *manifests.service("b2", [b2.address4, b2.address6]),
        *manifests.service("ub2", [b2.address4, b2.address6], protocol="UDP"))


@ADDRESSES
def test_sockets_leave_a_backend_that_is_gone(lab, address):
    """It would still answer. TCP connections are reset; UDP sockets are told if they are connected, and sent elsewhere if not."""
    host = Host(lab, config="drainSeconds: 0\n")
    host.split(b1=1, b2=0)
    gateway = host.topology.gateway
    held = gateway.start("held", *host.cgroup.enter(PYTHON, CLIENT, "hold", address, 8080, 5))
    held.wait_for("round 1\n")
    askers = [gateway.start(how, *host.cgroup.enter(PYTHON, UDP, how, address, 8080)) for how in ("watch", "stay")]
    for asker in askers:
        asker.wait_for("answered by b1\n")
    host.daemon.write("web.yaml", b2_alone(host))
    for asker in askers:
        asker.wait_for("answered by b2\n")
    wait_until(lambda: "broken" in held.output(), "the connections to end")
    assert json.loads(held.output().splitlines()[-1])["broken"] == 5
    b2 = host.topology.backends[1]
    assert {row["backend"] for row in host.daemon.dump("sockets")} <= {f"{b2.address4}:9000", f"[{b2.address6}]:9000"}


def test_other_destinations_and_other_network_namespaces_are_left_alone(serving):
    """Processes of the cgroup that the listeners are not for: other ports of this host, another host's own address."""
    own = serving.topology.gateway.start("own-server", PYTHON, TESTS / "lab" / "server.py", "host", 2222)
    own.wait_for("listening")
    assert serving.connect(5, port=2222)["answers"] == {"host": 5}
    assert serving.connect(5, "127.0.0.1")["errors"] == {"ConnectionRefusedError": 5}
    client = serving.topology.client
    elsewhere = client.start("elsewhere", PYTHON, TESTS / "lab" / "server.py", "elsewhere", 8080)
    elsewhere.wait_for("listening")
    client.address("lo", f"{GATEWAY4}/32")
    assert serving.connect(5, namespace=client)["answers"] == {"elsewhere": 5}


def policy(kind, target_kind, name, **spec):
    target = {"group": "gateway.networking.k8s.io", "kind": target_kind, "name": name}
    return manifests.documents({"apiVersion": "portcullis.dev/v1alpha1", "kind": kind, "metadata": {"name": "p"},
                                "spec": {"targetRefs": [target], **spec}})


def test_policies_hold_for_the_host_as_a_client_with_the_vips_address(host):
    host.daemon.write("policy.yaml", policy("ClientPolicy", "Gateway", "web", sourceRanges={"deny": [GATEWAY4]}))
    host.split(b1=1, b2=1)
    assert host.connect(5)["errors"] == host.connect(5, MAPPED)["errors"] == {"PermissionError": 5}
    assert counters(host.daemon)["source_denied"] == 10
    assert not host.connect(5, GATEWAY6)["errors"]

    host.daemon.write("policy.yaml", policy("ClientPolicy", "Gateway", "web", limits={"connectionsPerSecond": 5}))
    wait_until(lambda: not host.connect(1)["errors"], "the policy to change")
    assert set(host.connect(100)["errors"]) == {"ConnectionRefusedError"}
    assert counters(host.daemon)["rate"] > 0

    host.daemon.write("policy.yaml", policy("UpstreamPolicy", "TCPRoute", "t", sessionAffinity="ClientIP"))
    wait_until(lambda: not host.connect(20)["errors"], "the policy to change")
    assert len(host.connect(40)["answers"]) == 1


def test_a_killed_daemon_is_not_noticed_and_its_successor_takes_over(host):
    host.split(b1=1, b2=0)
    host.daemon.process.stop(signal.SIGKILL)
    assert host.connect(5)["answers"] == {"b1": 5}
    host.split(b1=0, b2=1)
    assert host.connect(5)["answers"] == {"b2": 5}
    host.daemon.process.stop()
    assert host.connect(5)["answers"] == {"b2": 5}
    host.daemon.unload()
    assert host.connect(5)["errors"] == {"ConnectionRefusedError": 5}


def test_switched_off_takes_an_earlier_daemons_programs_off(host):
    host.split(b1=1, b2=0)
    assert host.connect(5)["answers"] == {"b1": 5}
    host.daemon.process.stop()
    host.daemon.config.write_text(host.daemon.config.read_text().replace(str(host.cgroup.path), "off"))
    host.daemon.start()
    assert host.connect(5)["errors"] == {"ConnectionRefusedError": 5}
    assert "own processes: not served (switched off)" in host.daemon.gwctl("status")


def test_it_is_shown(host):
    host.split(b1=1, b2=0)
    assert f"own processes: served (cgroup {host.cgroup.path})" in host.daemon.gwctl("status")
    host.connect(1)
    rows = json.loads(host.daemon.gwctl("dump-maps", "sockets", "-o", "json"))
    assert [(row["protocol"], row["vip"], row["backend"]) for row in rows] == [
        ("tcp", f"{GATEWAY4}:8080", f"{host.topology.backends[0].address4}:9000")]
    assert "default/web/tcp" in rows[0]["listener"]
    assert counters(host.daemon)["socket_connected"] == 1


def test_a_directory_that_is_no_cgroup_is_said(lab):
    topology = Topology(lab)
    daemon = Daemon(topology, attach="tc", cgroup="/tmp")
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    code, text = daemon.gwctl_code("status")
    assert code == 2
    assert "/tmp is no directory of a cgroup v2 hierarchy" in text


def test_two_gateways_on_one_machine_serve_their_own_processes(host):
    with Lab("other") as other_lab:
        other = Host(other_lab)
        other.daemon = Daemon(other.topology, name="same-cgroup", attach="tc", cgroup=host.cgroup.path)
        other.cgroup = host.cgroup
        host.split(b1=1, b2=0)
        other.split(b1=0, b2=1)
        assert host.connect(5)["answers"] == {"b1": 5}
        assert other.connect(5)["answers"] == {"b2": 5}
