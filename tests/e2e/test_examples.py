# SPDX-License-Identifier: Apache-2.0
"""The manifests of deploy/examples, as they are shipped; only the endpoints' addresses are the laboratory's."""

import re

import pytest

from helpers import connect
from lab.topology import TREE

EXAMPLES = TREE / "deploy" / "examples"


def deploy(daemon, example, addresses):
    """Copies an example, its documentation addresses (192.0.2.0/24) replaced by the backends'."""
    for path in sorted((EXAMPLES / example).glob("*.yaml")):
        text = path.read_text()
        for documented, real in addresses.items():
            text = re.sub(rf"\b{re.escape(documented)}\b", real, text)
        daemon.write(path.name, text)


@pytest.mark.parametrize("example", ["tcp-2021", "tcp-v1"])
def test_the_talks_tcp_case_runs_as_written(network, example):
    """8080 selects routes labelled app: foo, which forward to sqlserver:1433; 8090 has no route and refuses."""
    topology, daemon = network
    deploy(daemon, example, {"192.0.2.10": topology.backends[0].address4})
    server = topology.backends[0].namespace.start("sqlserver", "/usr/bin/python3", TREE / "tests/lab/server.py",
                                                  "sqlserver", 1433)
    server.wait_for("listening")
    daemon.start()
    assert connect(topology, 20, port=8080)["answers"] == {"sqlserver": 20}
    assert connect(topology, 20, port=8090)["errors"] == {"ConnectionRefusedError": 20}
