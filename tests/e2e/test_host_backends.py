# SPDX-License-Identifier: Apache-2.0
"""Backends on the gateway host's own addresses."""

import json
from pathlib import Path

import pytest

from helpers import connect, wait_until
from lab import manifests
from lab.lab import Lab, cgroup_root, run
from lab.topology import CLIENT4, CLIENT6, Daemon, GATEWAY4, GATEWAY6, PYTHON, TESTS, Topology, is_v6

UDP = TESTS / "lab" / "udp.py"
FAMILIES = pytest.mark.parametrize("vip", [GATEWAY4, GATEWAY6], ids=["ipv4", "ipv6"])


class Host:
    """A gateway with servers of its own, beside a backend b1 elsewhere."""

    def __init__(self, lab, attach, **settings):
        self.topology = Topology(lab, backends=1, xdp=attach == "xdp")
        self.topology.serve_identity()
        self.gateway = self.topology.gateway
        b1 = self.topology.backends[0]
        self.own, self.elsewhere = [b1.gateway4, b1.gateway6], [b1.address4, b1.address6]
        # A UDP server of a host with several addresses answers from the one that it was asked at only if it sees to that.
        for words in ((TESTS / "lab" / "server.py", "host", 9000), *((UDP, "server", "host", 9000, own) for own in self.own)):
            self.gateway.start("server", PYTHON, *words).wait_for("listening")
        self.daemon = Daemon(self.topology, attach=attach, **settings)

    def serve(self):
        """8080: this host; 8081: this host and b1; 8082, UDP: a port of this host where nobody listens."""
        made = [manifests.gateway(listeners=(("own", 8080), ("both", 8081), ("udp", 8080), ("closed", 8082))),
                manifests.tcp_route("own", section="own", host=1), manifests.tcp_route("both", section="both", host=1, b1=1),
                manifests.udp_route("udp", section="udp", uhost=1), manifests.udp_route("closed", section="closed", closed=1),
                *manifests.service("host", self.own), *manifests.service("b1", self.elsewhere),
                *manifests.service("uhost", self.own, protocol="UDP"),
                *manifests.service("closed", self.own, port=9, protocol="UDP")]
        made[0]["spec"]["listeners"][3]["protocol"] = "UDP"
        self.daemon.write("web.yaml", manifests.documents(*made))
        self.daemon.start()

    def ask(self, script, *words):
        return json.loads(run(*self.topology.client.enter(PYTHON, script, *words)))

    def egress_pins(self):
        return list(Path(self.daemon.pin_dir).glob("v*/links/egress_*"))


@pytest.fixture(scope="module", params=["tc", "xdp"])
def host(request):
    """One for all tests that change nothing."""
    with Lab("host") as lab:
        made = Host(lab, request.param)
        made.serve()
        yield made


@FAMILIES
def test_clients_reach_it_and_are_seen(host, vip):
    result = connect(host.topology, 100, vip)
    assert result["answers"] == {"host": 100}
    assert set(result["peers"]) == {CLIENT6 if is_v6(vip) else CLIENT4}
    assert host.daemon.gwctl_code("status")[0] == 0


@FAMILIES
def test_it_shares_a_listener_with_others(host, vip):
    result = connect(host.topology, 100, vip, 8081)
    assert not result["errors"]
    assert set(result["answers"]) == {"host", "b1"}


@FAMILIES
def test_a_large_transfer_arrives_intact(host, vip):
    size = 32 << 20
    assert host.ask(TESTS / "lab" / "client.py", "transfer", vip, 8080, size) == {"bytes": size, "intact": True}


@FAMILIES
def test_udp_is_answered_by_the_vip(host, vip):
    result = host.ask(UDP, "client", vip, 8080, 50, 2)
    assert (result["lost"], result["answers"]) == (0, {"host": 100})
    assert set(result["sources"]) == {f"{vip} 8080"}


@FAMILIES
def test_a_closed_udp_port_is_said_to_the_client(host, vip):
    """The host's ICMP error is about a port that the client has never heard of."""
    assert host.ask(UDP, "client", vip, 8082, 5, 1)["refused"] == 5


def test_other_traffic_of_the_host_is_left_alone(host):
    """A server of its own on a port that is no listener's, and connections that it makes itself. The client's ports are ones
    that it has not been forwarded from (docs/design/0012)."""
    host.topology.client.sysctl("net.ipv4.ip_local_port_range", "10000 30000")
    assert connect(host.topology, 20, host.own[0], 9000)["answers"] == {"host": 20}
    result = json.loads(run(*host.gateway.enter(PYTHON, TESTS / "lab" / "client.py", "count", host.elsewhere[0], 9000, 20)))
    assert result["answers"] == {"b1": 20}


@pytest.mark.skipif(cgroup_root() is None, reason="needs cgroup v2, mounted anywhere")
def test_the_hosts_own_processes_reach_it_too(lab):
    cgroup = lab.cgroup()
    host = Host(lab, "tc", cgroup=cgroup.path)
    host.serve()
    client = host.gateway.enter(PYTHON, TESTS / "lab" / "client.py", "count", GATEWAY4, 8081, 60)
    result = json.loads(run(*cgroup.enter(*client)))
    assert not result["errors"]
    assert set(result["answers"]) == {"host", "b1"}


@pytest.mark.parametrize("config", ["", "disabledFeatures: [tcx]\n"], ids=["tcx", "clsact"])
def test_the_egress_program_is_there_while_it_is_needed(lab, config):
    host = Host(lab, "tc", config=f"drainSeconds: 0\n{config}")
    host.serve()
    assert connect(host.topology, 10)["answers"] == {"host": 10}
    attached = (lambda: "gw_egress" in host.gateway.run("bpftool", "net", "show")) if config else host.egress_pins
    assert attached()
    host.daemon.write("web.yaml", manifests.split(host.topology, {"b1": 1}))
    wait_until(lambda: connect(host.topology, 5)["answers"] == {"b1": 5}, "the change")
    wait_until(lambda: not attached(), "the egress program to go")
