# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a laboratory for each test, and a skip with the reason where none can be built."""

import pytest

from lab.lab import Lab, missing_requirement
from lab.topology import Daemon, Topology

SKIPPED = 77  # what CTest takes for "skipped"


def pytest_collection_modifyitems(items):
    reason = missing_requirement()
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped, passed = len(reporter.stats.get("skipped", [])), len(reporter.stats.get("passed", []))
    if exitstatus == 0 and skipped and not passed:
        session.exitstatus = SKIPPED


@pytest.fixture(params=["tc", "xdp"])
def attach(request):
    return request.param


@pytest.fixture
def lab():
    with Lab("e2e") as made:
        yield made


@pytest.fixture
def network(lab, attach):
    """client --- gateway --- b1, b2, with identity servers, and a daemon that is not started yet."""
    topology = Topology(lab, backends=2, xdp=attach == "xdp")
    topology.serve_identity()
    daemon = Daemon(topology, attach=attach)
    return topology, daemon


@pytest.fixture
def tc_network(lab):
    topology = Topology(lab, backends=2)
    topology.serve_identity()
    return topology, Daemon(topology, attach="tc")
