# SPDX-License-Identifier: Apache-2.0
"""Ways of forwarding a TCP port, side by side in one gateway namespace. Each takes the place while it is measured."""

import time

from lab import manifests
from lab.lab import LabError
from lab.topology import GATEWAY4, NODE, Daemon

PORT = 8080       # requests; bulk goes to PORT + 1
SERVER_PORT = 9000


class Contestant:
    """`raw` says whether raw packets of a known connection are forwarded, so that packets per second make sense."""

    name = ""
    raw = True
    xdp = False

    def __init__(self, topology):
        self.topology = topology
        self.backend = topology.backends[0]
        self.address = GATEWAY4
        self.port = PORT

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def _ip_forward(self, value):
        self.topology.gateway.sysctl("net.ipv4.ip_forward", value)


class KernelForwarding(Contestant):
    """No NAT at all: the client talks to the backend's own address."""

    name = "kernel forwarding"

    def start(self):
        self.address, self.port = self.backend.address4, SERVER_PORT
        self._ip_forward(1)

    def stop(self):
        self._ip_forward(0)


class NftDnat(Contestant):
    name = "nft DNAT"

    def start(self):
        self._ip_forward(1)
        rules = "".join(f"add rule ip nat pre ip daddr {GATEWAY4} tcp dport {PORT + i} dnat to "
                        f"{self.backend.address4}:{SERVER_PORT + i}\n" for i in (0, 1))
        path = self.topology.lab.directory / "nat.nft"
        path.write_text("add table ip nat\nadd chain ip nat pre { type nat hook prerouting priority dstnat; }\n" + rules)
        self.topology.gateway.run("nft", "-f", path)
        # The generator repeats one segment, which connection tracking would call invalid.
        self.topology.gateway.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1", check=False)

    def stop(self):
        self.topology.gateway.run("nft", "delete", "table", "ip", "nat")
        self._ip_forward(0)


class Proxy(Contestant):
    """A proxy in userspace."""

    raw = False
    process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = self.topology.gateway.start(self.name.replace(" ", "-"), *self.command())
        self.process.wait_until(lambda: f":{PORT + 1}" in self.topology.gateway.run("ss", "-ltn"), "to listen")

    def stop(self):
        self.process.stop()


class HAProxy(Proxy):
    name = "HAProxy TCP"

    def command(self):
        path = self.topology.lab.directory / "haproxy.cfg"
        ports = "".join(f"listen l{i}\n  mode tcp\n  bind :{PORT + i}\n  server b {self.backend.address4}:{SERVER_PORT + i}\n"
                        for i in (0, 1))
        path.write_text("global\n  maxconn 2000\n  nbthread 2\ndefaults\n  timeout connect 5s\n  timeout client 60s\n"
                        f"  timeout server 60s\n  option splice-auto\n{ports}")
        return "haproxy", "-db", "-f", path


class NginxStream(Proxy):
    name = "nginx stream"

    def command(self):
        directory = self.topology.lab.directory
        path = directory / "stream.conf"
        servers = "".join(f"server {{ listen {PORT + i} backlog=4096; proxy_pass {self.backend.address4}:{SERVER_PORT + i}; }}\n"
                          for i in (0, 1))
        path.write_text("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\nworker_processes 2;\ndaemon off;\n"
                        f"pid {directory}/stream.pid;\nerror_log stderr crit;\nevents {{ worker_connections 10000; }}\n"
                        f"stream {{\n{servers}}}\n")
        return "nginx", "-p", directory, "-c", path


class Portcullis(Contestant):
    attach, node = "tc", NODE
    _count = 0

    def start(self):
        Portcullis._count += 1
        self.daemon = Daemon(self.topology, name=f"portcullis-{Portcullis._count}", attach=self.attach)
        listeners = (("requests", PORT), ("bulk", PORT + 1))
        documents = [manifests.gateway("bench", listeners)]
        for i, (listener, _) in enumerate(listeners):
            documents.append(manifests.tcp_route(listener, "bench", listener, **{listener: 1}))
            documents += manifests.service(listener, [self.backend.address4], port=SERVER_PORT + i, node=self.node)
        self.daemon.write("bench.yaml", manifests.documents(*documents))
        self._offloads(True)
        self.daemon.start()

    def stop(self):
        self.daemon.unload()
        self._offloads(False)

    def _offloads(self, entering):
        if not self.xdp:
            return
        # XDP cannot finish checksums, and redirects into a veth only if its peer polls (GRO).
        for namespace, device in ((self.topology.client, "c0"), (self.backend.namespace, "b0")):
            namespace.offloads(device, tx="off" if entering else "on", gro="on" if entering else "off")


class PortcullisTc(Portcullis):
    name = "Portcullis tc DNAT"


class PortcullisFullNat(Portcullis):
    name = "Portcullis tc full NAT"
    node = None


class PortcullisXdp(Portcullis):
    name = "Portcullis XDP DNAT"
    attach, xdp = "xdp", True


ALL = [KernelForwarding, NftDnat, HAProxy, NginxStream, PortcullisTc, PortcullisFullNat, PortcullisXdp]


def reachable(contestant):
    """Waits until a connection through the contestant works."""
    for _ in range(50):
        try:
            contestant.topology.client.run("/usr/bin/python3", "-c", "import socket,sys; socket.create_connection("
                                           f"('{contestant.address}', {contestant.port}), 1).close()")
            return
        except LabError:
            time.sleep(0.05)
    raise LabError(f"{contestant.name}: no connection through it")
