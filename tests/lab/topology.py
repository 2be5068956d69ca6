# SPDX-License-Identifier: Apache-2.0
"""client --- gateway --- backend 1..N, each over a veth pair of its own, IPv4 and IPv6."""

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path

from lab.lab import run

TREE = Path(__file__).resolve().parents[2]
TESTS = TREE / "tests"
BIN = Path(os.environ.get("PORTCULLIS_BIN_DIR", TREE / "build" / "bin"))
PYTHON = "/usr/bin/python3"
NODE = "lab-node"

CLIENT4, CLIENT6 = "10.0.1.2", "2001:db8:1::2"
GATEWAY4, GATEWAY6 = "10.0.1.1", "2001:db8:1::1"


def kernel_version():
    return tuple(int(number) for number in os.uname().release.split("-")[0].split(".")[:2])


class Backend:
    """A host behind the gateway."""

    def __init__(self, namespace, number):
        self.namespace, self.number = namespace, number
        self.name = f"b{number}"
        self.device = f"gb{number}"  # the gateway's end
        self.address4 = f"10.0.{10 + number}.2"
        self.address6 = f"2001:db8:{10 + number}::2"
        self.gateway4 = f"10.0.{10 + number}.1"
        self.gateway6 = f"2001:db8:{10 + number}::1"
        self.server = None

    def serve_identity(self, port=9000):
        self.server = self.namespace.start(f"server-{self.name}", PYTHON, TESTS / "lab" / "server.py", self.name, port)
        self.server.wait_for("listening")


class Topology:
    """The hosts. `xdp`: prepare the veths for XDP (docs/architecture.md says why)."""

    def __init__(self, lab, backends=2, xdp=False):
        self.lab = lab
        self.xdp = xdp
        self.client = lab.namespace("client")
        self.gateway = lab.namespace("gateway")
        self.connect_client()
        self.backends = [Backend(lab.namespace(f"b{number}"), number) for number in range(1, backends + 1)]
        for backend in self.backends:
            self.connect_backend(backend)

    def connect_client(self):
        self.lab.link(self.client, "c0", self.gateway, "g0")
        self.client.address("c0", f"{CLIENT4}/24", f"{CLIENT6}/64")
        self.gateway.address("g0", f"{GATEWAY4}/24", f"{GATEWAY6}/64")
        self.client.default_route(GATEWAY4, GATEWAY6)
        self.prepare_for_xdp(self.client, "c0")

    def connect_backend(self, backend):
        self.lab.link(backend.namespace, "b0", self.gateway, backend.device)
        backend.namespace.address("b0", f"{backend.address4}/24", f"{backend.address6}/64")
        self.gateway.address(backend.device, f"{backend.gateway4}/24", f"{backend.gateway6}/64")
        backend.namespace.default_route(backend.gateway4, backend.gateway6)
        self.prepare_for_xdp(backend.namespace, "b0")

    def prepare_for_xdp(self, namespace, device):
        """Frames that XDP sends arrive at `device`, and those from it have finished checksums."""
        if not self.xdp:
            return
        namespace.offloads(device, tx="off")
        if kernel_version() >= (5, 13):
            namespace.offloads(device, gro="on")
            return
        namespace.start(f"pass-{device}", BIN / "live_frames", "pass", device).wait_for("passing")

    def serve_identity(self, port=9000):
        """A server on every backend that says its name and whom it sees, then echoes."""
        for backend in self.backends:
            backend.serve_identity(port)

    def client_command(self, *words):
        return self.client.enter(PYTHON, TESTS / "lab" / "client.py", *words)


class Daemon:
    """portcullis in the gateway's namespace, and gwctl to ask it."""

    def __init__(self, topology, namespace=None, name="portcullis", config="", attach="auto", manifests=None,
                 cgroup="off"):
        """`cgroup`: whose processes are served; \"off\" leaves those of this machine alone."""
        self.lab = topology.lab
        self.namespace = namespace or topology.gateway
        self.name, self.attach = name, attach
        self.bin = BIN
        self.directory = self.lab.directory / name
        self.directory.mkdir()
        self.manifests = Path(manifests) if manifests else self.directory / "manifests"
        self.manifests.mkdir(exist_ok=True)
        self.pin_dir = f"/sys/fs/bpf/{self.lab.prefix}-{name}"
        self.admin = self.directory / "admin.sock"
        self.config = self.directory / "config.yaml"
        self.config.write_text(f"nodeName: {NODE}\ncgroup: {cgroup}\n{config}")
        self.process = None
        self.lab.on_close(self.unload)

    def write(self, name, text):
        """Writes a manifest file as an editor would: beside, then renamed over."""
        temporary = self.manifests / f".{name}.tmp"
        temporary.write_text(text)
        temporary.rename(self.manifests / name)

    def start(self, *options, wait=None):
        command = [self.bin / "portcullis", "run", "--manifests", self.manifests, "--config", self.config,
                   "--pin-dir", self.pin_dir, "--admin", self.admin, "--attach", self.attach, *options]
        self.process = self.namespace.start(self.name, *command)
        self.process.wait_for(" ready\n", wait)
        return self.process

    def gwctl(self, *words, check=True):
        return run(self.bin / "gwctl", "--pin-dir", self.pin_dir, "--admin", self.admin, *words, check=check)

    def gwctl_code(self, *words):
        done = subprocess.run([self.bin / "gwctl", "--pin-dir", self.pin_dir, "--admin", self.admin, *words],
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def dump(self, name):
        return json.loads(self.gwctl("dump-maps", name, "-o", "json"))

    def unload(self):
        if self.process:
            self.process.stop()
        self.namespace.run(self.bin / "portcullis", "unload", "--pin-dir", self.pin_dir)


def is_v6(address):
    return ipaddress.ip_address(address).version == 6


if __name__ == "__main__":
    sys.exit("this is a library: see tests/e2e and deploy/demo")
