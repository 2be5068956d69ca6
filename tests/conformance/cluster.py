# SPDX-License-Identifier: Apache-2.0
"""A real kube-apiserver with its etcd, built from Go modules, on loopback, without containers.

No controllers, no kubelet: enough to ask it what it accepts. It is built once, into build-conformance/.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
BUILD = TREE / "build-conformance"
GATEWAY_API = "sigs.k8s.io/gateway-api"
PROGRAMS = {
    "etcd": "./etcd",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}


class ClusterError(Exception):
    """The cluster could not be built or started; the message says why."""


def missing_requirement():
    """Why no cluster can be had here, or None."""
    if shutil.which("go") is None:
        return "needs Go 1.26 or newer (the command go), to build kube-apiserver"
    return None


def go(*arguments, cwd=HERE / "k8s", check=True):
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod")
    done = subprocess.run(["go", *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise ClusterError(f"go {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def kubernetes_version():
    for line in (HERE / "k8s/go.mod").read_text().splitlines():
        if line.strip().startswith("k8s.io/kubernetes "):
            return line.split()[1]
    raise ClusterError("go.mod requires no k8s.io/kubernetes")


def build():
    """The programs, unless they are there. Kubernetes takes about ten minutes when it is built first."""
    version = kubernetes_version()
    package = "k8s.io/component-base/version"
    flags = f"-s -w -X {package}.gitVersion={version}"
    for part, number in zip(("gitMajor", "gitMinor"), version[1:].split(".")):
        flags += f" -X {package}.{part}={number}"
    programs = BUILD / f"bin-{version}"
    for name, source in PROGRAMS.items():
        if not (programs / name).exists():
            print(f"== building {name} {version}", flush=True)
            go("build", "-trimpath", "-ldflags", flags, "-o", str(programs / name), source)
    return programs


def module(path, version):
    """The unpacked module. What is read of it is text, so whatever Go its code needs does not matter."""
    directory = BUILD / f"{path.removeprefix('sigs.k8s.io/').replace('/', '-')}-{version}"
    if not directory.exists():
        BUILD.mkdir(exist_ok=True)
        told = json.loads(go("mod", "download", "-json", f"{path}@{version}", cwd=HERE, check=False))
        if "Zip" not in told:
            raise ClusterError(f"{path}@{version}: {told.get('Error', 'cannot be had')}")
        with tempfile.TemporaryDirectory(dir=BUILD) as unpacked:
            with zipfile.ZipFile(told["Zip"]) as archive:
                archive.extractall(unpacked)
            os.rename(Path(unpacked) / f"{path}@{version}", directory)
    return directory


def gateway_api(version):
    """The Gateway API with its CRDs and examples."""
    return module(GATEWAY_API, version)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Use it in a `with` statement: what was started is stopped, and the state removed."""

    def __init__(self, programs):
        self.programs = programs
        self.directory = Path(tempfile.mkdtemp(prefix="portcullis-cluster-"))
        self.processes = []

    def __enter__(self):
        try:
            self._start_etcd()
            self._start_apiserver()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        shutil.rmtree(self.directory, ignore_errors=True)

    def kubectl(self, *arguments, check=True):
        """Runs it to its end. Yields (standard output, standard error)."""
        done = subprocess.run([str(self.programs / "kubectl"), f"--kubeconfig={self.directory / 'kubeconfig'}",
                               *map(str, arguments)], capture_output=True, text=True, cwd=self.directory)
        if check and done.returncode != 0:
            raise ClusterError(f"kubectl {arguments[0]}: {done.stderr.strip()}")
        return done.stdout, done.stderr

    def install(self, *crds):
        """CustomResourceDefinitions, until they are served."""
        self.kubectl("apply", "--server-side", *(f"--filename={crd}" for crd in crds))
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")

    def _start(self, name, *arguments):
        log = (self.directory / f"{name}.log").open("w")
        self.processes.append(subprocess.Popen([str(self.programs / name), *arguments], cwd=self.directory,
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                               start_new_session=True))

    def _await(self, name, condition, seconds=120.0):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.processes[-1].poll() is not None or time.monotonic() > deadline:
                tail = (self.directory / f"{name}.log").read_text(errors="replace")[-2000:]
                raise ClusterError(f"{name} does not start:\n{tail}")
            time.sleep(0.1)

    def _start_etcd(self):
        self.etcd = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._start("etcd", "--data-dir=etcd", "--unsafe-no-fsync", f"--listen-client-urls={self.etcd}",
                    f"--advertise-client-urls={self.etcd}", f"--listen-peer-urls={peer}",
                    f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}")
        self._await("etcd", lambda: self._answers(self.etcd))

    @staticmethod
    def _answers(url):
        host, port = url.rsplit("/", 1)[-1].split(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def _start_apiserver(self):
        token = secrets.token_hex(16)
        (self.directory / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
        for command in ("openssl genrsa -out sa.key 2048", "openssl rsa -in sa.key -pubout -out sa.pub"):
            subprocess.run(command.split(), cwd=self.directory, check=True, capture_output=True)
        url = f"https://127.0.0.1:{free_port()}"
        self._start("kube-apiserver", f"--etcd-servers={self.etcd}", "--bind-address=127.0.0.1",
                    f"--secure-port={url.rsplit(':', 1)[1]}", "--cert-dir=apiserver", "--token-auth-file=tokens.csv",
                    "--authorization-mode=RBAC", "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-account-key-file=sa.pub", "--service-account-signing-key-file=sa.key",
                    "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none")
        certificate = self.directory / "apiserver/apiserver.crt"  # self-signed: also the CA
        self._await("kube-apiserver", lambda: certificate.exists() and certificate.stat().st_size > 0)
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "lab",
                  "clusters": [{"name": "lab", "cluster": {"server": url, "certificate-authority": str(certificate)}}],
                  "users": [{"name": "admin", "user": {"token": token}}],
                  "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}]}
        (self.directory / "kubeconfig").write_text(json.dumps(config))
        self._await("kube-apiserver", lambda: self.kubectl("get", "--raw=/readyz", check=False)[0] == "ok")
        self._await("kube-apiserver", lambda: self.kubectl("get", "namespace", "default", check=False)[0] != "")
