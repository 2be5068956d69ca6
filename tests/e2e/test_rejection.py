# SPDX-License-Identifier: Apache-2.0
"""Where there is nothing to forward to, clients are told so: a RST, not silence."""

import pytest

from helpers import assert_share, conditions, connect, find, outcomes
from lab import manifests
from lab.topology import GATEWAY4, GATEWAY6

import json


@pytest.mark.parametrize("address", [GATEWAY4, GATEWAY6])
def test_a_listener_without_a_route_refuses(network, address):
    topology, daemon = network
    daemon.write("web.yaml", manifests.documents(manifests.gateway()))
    daemon.start()
    assert connect(topology, 10, address)["errors"] == {"ConnectionRefusedError": 10}


def test_a_service_without_endpoints_refuses(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.documents(manifests.gateway(), manifests.tcp_route("r", b1=1),
                                                 *manifests.service("b1", [])))
    daemon.start()
    assert connect(topology, 10)["errors"] == {"ConnectionRefusedError": 10}


def test_a_missing_service_refuses_and_is_said(network):
    topology, daemon = network
    daemon.write("web.yaml", manifests.documents(manifests.gateway(), manifests.tcp_route("r", nowhere=1)))
    daemon.start()
    assert connect(topology, 10)["errors"] == {"ConnectionRefusedError": 10}
    route = json.loads(daemon.gwctl("get", "tcproute", "r", "-o", "json"))
    resolved = conditions(route["status"]["parents"][0]["conditions"])["ResolvedRefs"]
    assert (resolved["status"], resolved["reason"]) == ("False", "BackendNotFound")


def test_an_invalid_share_is_refused_in_proportion(network):
    """80 % of the weight on a Service that does not exist: 80 % of the connections are refused."""
    topology, daemon = network
    daemon.write("web.yaml", manifests.documents(manifests.gateway(), manifests.tcp_route("r", b1=20, nowhere=80),
                                                 *manifests.service("b1", [topology.backends[0].address4])))
    daemon.start()
    result = connect(topology, 600)
    assert set(result["errors"]) == {"ConnectionRefusedError"}
    assert_share(outcomes(result), "b1", 0.2)


def test_conflicted_listeners_get_no_traffic(tc_network):
    """Two Gateways want one port on the same addresses: the first keeps it, the other says why not."""
    topology, daemon = tc_network
    daemon.write("a.yaml", manifests.split(topology, {"b1": 1}, parent="a", route="ra"))
    daemon.write("b.yaml", manifests.documents(manifests.gateway("b"), manifests.tcp_route("rb", "b", b2=1),
                                               *manifests.service("b2", [topology.backends[1].address4])))
    daemon.start()
    assert connect(topology, 50)["answers"] == {"b1": 50}
    loser = find(json.loads(daemon.gwctl("get", "gateways", "-o", "json")), "Gateway", "b")
    listener = conditions(loser["status"]["listeners"][0]["conditions"])
    assert (listener["Conflicted"]["status"], listener["Programmed"]["status"]) == ("True", "False")
    assert "default/a" in listener["Conflicted"]["message"]
