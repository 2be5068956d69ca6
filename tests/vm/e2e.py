# SPDX-License-Identifier: Apache-2.0
"""A short end-to-end run under another kernel, at the top of the tree: e2e.py SERIES ("6.12").

On tc and on XDP, connections of both families reach their backends, and the kernel's features are the expected ones.
The sockets of all hosts are this one process's: under emulation a second Python takes seconds to start."""

import contextlib
import ctypes
import json
import os
import select
import socket
import sys
from pathlib import Path

import lab.lab
from lab import manifests
from lab.lab import Lab, missing_requirement
from lab.topology import GATEWAY4, GATEWAY6, Daemon, Topology

CLONE_NEWNET = 0x40000000
PORT, BACKEND_PORT = 8080, 9000
CONNECTIONS = 8  # of each family
TIMEOUT = 60  # s; an emulated machine is slow
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(path):
    with open(path, "rb") as namespace:
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns to {path}")


@contextlib.contextmanager
def inside(namespace):
    """Sockets made here are that namespace's."""
    own = f"/proc/self/task/{os.getpid()}/ns/net"
    with open(own, "rb") as back:
        enter(f"/run/netns/{namespace.full_name}")
        try:
            yield
        finally:
            LIBC.setns(back.fileno(), CLONE_NEWNET)


class Server:
    """Listens on a port of a backend's addresses."""

    def __init__(self, backend):
        self.name = backend.name
        with inside(backend.namespace):
            self.socket = socket.create_server(("", BACKEND_PORT), family=socket.AF_INET6, dualstack_ipv6=True)

    def fileno(self):
        return self.socket.fileno()

    def accept(self):
        connection, _ = self.socket.accept()
        connection.settimeout(TIMEOUT)
        return connection


def exchange(sender, receiver, data):
    sender.sendall(data)
    received = b""
    while len(received) < len(data):
        received += receiver.recv(len(data) - len(received))
    assert received == data, f"{len(received)} bytes arrived otherwise than sent"


def converse(client, servers, address):
    """One connection with data both ways; says which server has it."""
    with inside(client):
        near = socket.create_connection((address, PORT), TIMEOUT)
    ready, _, _ = select.select(servers, [], [], TIMEOUT)
    assert len(ready) == 1, f"{len(ready)} servers have a connection to {address}"
    with near, ready[0].accept() as far:
        for data in (b"q", b"q" * 20000):
            exchange(near, far, data)
            exchange(far, near, data)
    return ready[0].name


def check_features(daemon, series):
    """What the daemon found is what this kernel is known to have."""
    expected = json.loads((Path(__file__).parent / "features.json").read_text())[series]
    status = json.loads(daemon.gwctl("status", "-o", "json"))
    found = {feature["name"]: feature["inKernel"] for feature in status["features"]}
    assert found == {name: name in expected for name in found}, f"Linux {series}: {found}"
    return {link["name"]: link["dataPath"] for link in status["links"]}


def check_hook(topology, servers, attach, series):
    daemon = Daemon(topology, name=f"portcullis-{attach}", attach=attach)
    daemon.write("web.yaml", manifests.split(topology, {"b1": 1, "b2": 1}))
    daemon.start()
    links = check_features(daemon, series)
    assert set(links.values()) == {attach}, links
    for address in (GATEWAY4, GATEWAY6):
        names = {converse(topology.client, servers, address) for _ in range(CONNECTIONS)}
        print(f"{attach}: {address}: {CONNECTIONS} connections reach {', '.join(sorted(names))}", flush=True)
    daemon.unload()


def main(series):
    reason = missing_requirement()
    if reason:
        sys.exit(reason)
    lab.lab.PATIENCE = TIMEOUT
    with Lab("vm") as made:
        topology = Topology(made, backends=2, xdp=True)
        servers = [Server(backend) for backend in topology.backends]
        for attach in ("tc", "xdp"):
            check_hook(topology, servers, attach, series)


main(*sys.argv[1:])
