# SPDX-License-Identifier: Apache-2.0
"""UpstreamPolicy and ClientPolicy at work: whose address backends see, direct return, affinity, who may connect."""

import json
import socket

import pytest

from helpers import connect, counters, udp_segment, wait_until
from lab import manifests
from lab.topology import CLIENT4, CLIENT6, GATEWAY4, GATEWAY6, NODE, PYTHON, TESTS, is_v6

ROUTE = {"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "name": "split"}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "web"}


def policy(kind, target, **spec):
    return manifests.documents(manifests.policy(kind, target, **spec))


def serve(topology, daemon, kind, target, weights=None, port=8080, node=None, **spec):
    daemon.write("web.yaml", manifests.split(topology, weights or {"b1": 1}, node=node, port=port))
    daemon.write("policy.yaml", policy(kind, target, **spec))
    daemon.start()
    status = daemon.gwctl("status", check=False)
    assert daemon.gwctl_code("status")[0] == 0, status


def seen_by_backends(topology, **where):
    result = connect(topology, 20, **where)
    assert not result["errors"], result
    return set(result["peers"])


def test_the_client_s_address_is_kept_where_the_policy_says_so(network):
    topology, daemon = network
    serve(topology, daemon, "UpstreamPolicy", ROUTE, sourceAddress="Preserve")
    assert seen_by_backends(topology) == {CLIENT4}
    listed = json.loads(daemon.gwctl("get", "upstreampolicies", "-o", "json"))["items"]
    assert listed[0]["status"]["ancestors"][0]["conditions"][0]["reason"] == "Accepted"


def test_a_backend_on_this_node_sees_us_with_masquerade(network):
    topology, daemon = network
    serve(topology, daemon, "UpstreamPolicy", ROUTE, node=NODE, sourceAddress="Masquerade")
    assert seen_by_backends(topology) == {topology.backends[0].gateway4}


def test_a_client_keeps_its_backend_with_affinity(network):
    topology, daemon = network
    serve(topology, daemon, "UpstreamPolicy", ROUTE, {"b1": 1, "b2": 1}, sessionAffinity="ClientIP")
    assert len(connect(topology, 60)["answers"]) == 1


def test_a_change_of_mode_reaches_new_connections_and_leaves_the_old_ones(network):
    topology, daemon = network
    serve(topology, daemon, "UpstreamPolicy", ROUTE, sourceAddress="Masquerade")
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, 20)[2:])
    held.wait_for("round 1\n")
    daemon.write("policy.yaml", policy("UpstreamPolicy", ROUTE, sourceAddress="Preserve"))
    wait_until(lambda: seen_by_backends(topology) == {CLIENT4}, "the new mode")
    before = held.output().count("round ")
    wait_until(lambda: held.output().count("round ") > before + 2, "traffic in the old connections")
    held.stop()
    assert json.loads(held.output().splitlines()[-1])["broken"] == 0


@pytest.fixture
def direct(network):
    """Each backend answers for the gateway's addresses itself, without telling anyone (no ARP for them)."""
    topology, daemon = network
    for backend in topology.backends:
        backend.namespace.sysctl("net.ipv4.conf.all.arp_ignore", 1)
        backend.namespace.sysctl("net.ipv4.conf.all.rp_filter", 0)
        backend.namespace.ip("addr", "add", f"{GATEWAY4}/32", "dev", "lo")
        backend.namespace.ip("addr", "add", f"{GATEWAY6}/128", "dev", "lo")
    # Answers pass the gateway as a mere router here, since it is the only way to the client.
    topology.gateway.sysctl("net.ipv4.ip_forward", 1)
    topology.gateway.sysctl("net.ipv6.conf.all.forwarding", 1)
    for device in ("all", "g0", topology.backends[0].device):
        topology.gateway.sysctl(f"net.ipv4.conf.{device}.rp_filter", 0)
        topology.gateway.sysctl(f"net.ipv4.conf.{device}.accept_local", 1)
    return topology, daemon


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
def test_the_backend_answers_for_the_vip_with_direct_return(direct, address):
    topology, daemon = direct
    serve(topology, daemon, "UpstreamPolicy", ROUTE, port=9000, directReturn="SameSegment")
    client = {GATEWAY4: CLIENT4, GATEWAY6: CLIENT6}[address]
    assert seen_by_backends(topology, address=address, port=9000) == {client}
    assert {flow["mode"] for flow in json.loads(daemon.gwctl("dump-maps", "flows", "-o", "json"))} == {"DSR"}


UDP_SEGMENT = 103  # of SOL_UDP


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
def test_datagrams_that_are_yet_to_be_cut_pass_through_a_tunnel(tc_network, address):
    """One write of many datagrams stays one packet until a card cuts it, or here the kernel in front of one that cannot."""
    topology, daemon = tc_network
    backend = topology.backends[0]
    topology.gateway.offloads(backend.device, tx="off")
    daemon.write("dns.yaml", manifests.documents(
        manifests.gateway(listeners=(("udp", 9000),)), manifests.udp_route("dns", b1=1),
        *manifests.service("b1", [backend.address4, backend.address6], protocol="UDP"),
        manifests.policy("UpstreamPolicy", {**ROUTE, "kind": "UDPRoute", "name": "dns"}, directReturn="Tunnel")))
    daemon.start()
    family, protocol = (socket.AF_INET6, socket.IPPROTO_IPV6) if is_v6(address) else (socket.AF_INET, socket.IPPROTO_IPIP)
    payload = bytes(range(250)) * 20
    with (topology.client.socket(family, socket.SOCK_DGRAM) as client,
          backend.namespace.socket(family, socket.SOCK_RAW, protocol) as end_of_tunnel):
        end_of_tunnel.settimeout(5)
        client.connect((address, 9000))
        client.setsockopt(socket.SOL_UDP, UDP_SEGMENT, 1000)
        for _ in range(2):
            client.send(payload)
            for begin in range(0, len(payload), 1000):
                # A raw IPv4 socket shows the outer header too: 40 bytes in both families.
                assert end_of_tunnel.recv(65536)[40:] == udp_segment(
                    client.getsockname(), (address, 9000), payload[begin:begin + 1000])


def test_who_is_denied_gets_no_connection_and_is_counted(network):
    topology, daemon = network
    serve(topology, daemon, "ClientPolicy", GATEWAY, sourceRanges={"deny": [f"{CLIENT4}/32"]})
    assert connect(topology, 3)["errors"] == {"TimeoutError": 3}
    assert counters(daemon)["source_denied"] >= 3
    assert not connect(topology, 3, address=GATEWAY6)["errors"]
    daemon.write("policy.yaml", policy("ClientPolicy", GATEWAY, sourceRanges={"allow": ["10.0.0.0/8"]}))
    wait_until(lambda: not connect(topology, 1)["errors"], "the policy to change")
    assert connect(topology, 3, address=GATEWAY6)["errors"] == {"TimeoutError": 3}


def connections(daemon):
    """Of the one limited listener; None before it is in the kernel."""
    limited = json.loads(daemon.gwctl("dump-maps", "admission", "-o", "json"))
    return limited[0]["connections"] if limited else None


def test_no_more_connections_than_the_limit(network):
    topology, daemon = network
    serve(topology, daemon, "ClientPolicy", GATEWAY, limits={"maxConnections": 30})
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, 30)[2:])
    held.wait_for("round 1\n")
    assert connections(daemon) == 30
    assert connect(topology, 1)["errors"] == {"TimeoutError": 1}
    assert counters(daemon)["connection_limit"] >= 1
    held.stop()
    wait_until(lambda: connections(daemon) == 0, "the end of the connections")
    assert not connect(topology, 10)["errors"]


def test_connections_that_were_there_before_the_limit_count(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1}))
    daemon.start()
    held = topology.client.start("hold", *topology.client_command("hold", GATEWAY4, 8080, 30)[2:])
    held.wait_for("round 1\n")
    daemon.write("policy.yaml", policy("ClientPolicy", GATEWAY, limits={"maxConnections": 100}))
    wait_until(lambda: connections(daemon) == 30, "the agent's round through the flows", 30)
    held.stop()


def test_what_the_gateway_s_policy_overrides_no_policy_below_can_change(network):
    topology, daemon = network
    serve(topology, daemon, "UpstreamPolicy", ROUTE, sourceAddress="Preserve")
    assert seen_by_backends(topology) == {CLIENT4}
    daemon.write("platform.yaml", policy("UpstreamPolicy", GATEWAY, name="platform", mergeStrategy="Overrides",
                                         sourceAddress="Masquerade"))
    wait_until(lambda: seen_by_backends(topology) == {topology.backends[0].gateway4}, "the override")
    below = json.loads(daemon.gwctl("get", "upstreampolicies", "p", "-o", "json"))
    condition = below["status"]["ancestors"][0]["conditions"][0]
    assert condition["message"] == "overridden by UpstreamPolicy default/platform of Gateway default/web: sourceAddress"
