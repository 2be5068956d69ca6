# SPDX-License-Identifier: Apache-2.0
"""Namespaces, links and processes, and their guaranteed removal."""

import atexit
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


CLONE_NEWNET = 0x40000000
PATIENCE = 10.0  # s; a bound for what must happen, not a measurement. Emulated machines set a larger one.


class LabError(Exception):
    """A step of setting up the laboratory failed; the message says which and why."""


def run(*command, check=True):
    """Runs a command to its end and returns its standard output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def missing_requirement():
    """Why no laboratory can be built here, or None."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces and BPF"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "needs a kernel with BTF (CONFIG_DEBUG_INFO_BTF)"
    for tool in ("ip", "ethtool", "nsenter"):
        if shutil.which(tool) is None:
            return f"needs the command {tool}"
    return None


class Process:
    """A background process in a namespace, its output in a file."""

    def __init__(self, name, popen, log):
        self.name, self.popen, self.log = name, popen, log

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait_for(self, text, seconds=None):
        """Until the output contains `text`."""
        self.wait_until(lambda: text in self.output(), f"to say {text!r}", seconds)

    def wait_until(self, condition, what, seconds=None):
        seconds = seconds or PATIENCE
        deadline = time.monotonic() + seconds
        while not condition():
            if not self.running():
                raise LabError(f"{self.name} ended with {self.popen.returncode}:\n{self.output()}")
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: waited {seconds} s for it {what}:\n{self.output()}")
            time.sleep(0.01)

    def send(self, number):
        if self.running():
            self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=5.0):
        """Ends the process and waits for it; returns its exit code."""
        self.send(number)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait()


class Namespace:
    """A network namespace: a host of the laboratory."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.full_name = f"{lab.prefix}-{name}"
        run("ip", "netns", "add", self.full_name)
        self.ip("link", "set", "lo", "up")
        # Link-local addresses are usable at once: until then the kernel asks for no neighbour on behalf of others.
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)

    def enter(self, *command):
        """The command line that runs `command` here. Not `ip netns exec`, which hides bpffs."""
        return ["nsenter", f"--net=/run/netns/{self.full_name}", *map(str, command)]

    def run(self, *command, check=True):
        return run(*self.enter(*command), check=check)

    def ip(self, *words):
        return run("ip", "-n", self.full_name, *words)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    def address(self, device, *addresses):
        for address in addresses:
            words = ["addr", "add", address, "dev", device]
            self.ip(*(words + ["nodad"] if ":" in address else words))
        self.ip("link", "set", device, "up")

    def default_route(self, via4, via6):
        self.ip("route", "add", "default", "via", via4)
        self.ip("-6", "route", "add", "default", "via", via6)

    def offloads(self, device, **settings):
        words = [word for name, value in settings.items() for word in (name, value)]
        self.run("ethtool", "-K", device, *words)

    def mac(self, device):
        return json.loads(self.ip("-j", "link", "show", device))[0]["address"]

    def socket(self, family, kind, protocol=0):
        """A socket of this Python process that belongs here. Only the thread that makes it enters."""
        def make():
            with open(f"/run/netns/{self.full_name}", "rb") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
                    raise LabError(f"enter {self.full_name}: {os.strerror(ctypes.get_errno())}")
            return socket.socket(family, kind, protocol)

        with ThreadPoolExecutor(1) as threads:
            return threads.submit(make).result()

    def start(self, name, *command, env=None):
        """Starts a process here, in the background."""
        return self.lab.start(name, self.enter(*command), env=env)

    def delete(self):
        delete_namespace(self.full_name)


def delete_namespace(full_name):
    for pid in run("ip", "netns", "pids", full_name, check=False).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    run("ip", "netns", "del", full_name, check=False)


def sweep():
    """Removes what a laboratory left whose process was killed outright; what may be kept on purpose has other names."""
    def is_stale(path):
        owner = re.match(r"pc(\d+)[a-z]-", path.name)
        return owner and not Path(f"/proc/{owner[1]}").exists()

    for path in filter(is_stale, Path("/run/netns").glob("pc*")):
        delete_namespace(path.name)
    for path in filter(is_stale, cgroup_root().glob("pc*") if cgroup_root() else []):
        path.rmdir()
    for path in filter(is_stale, Path("/sys/fs/bpf").glob("pc*")):
        shutil.rmtree(path, ignore_errors=True)
    for path in filter(is_stale, Path(tempfile.gettempdir()).glob("pc*")):
        shutil.rmtree(path, ignore_errors=True)


def cgroup_root():
    """Where cgroup v2 is mounted, or None."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next((Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)


class Cgroup:
    """A cgroup of its own for some of the laboratory's processes."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def enter(self, *command):
        """The command line that runs `command` as a member."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.path / "cgroup.procs"), *map(str, command)]

    def delete(self):
        deadline = time.monotonic() + 5
        while (self.path / "cgroup.procs").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)  # its processes have ended, the kernel has not yet noticed
        self.path.rmdir()


class Lab:
    """Owns everything that is made, and takes it down in reverse order."""

    _count = 0

    def __init__(self, name="lab", may_stay=False):
        """`may_stay`: `keep` may be set later, and then everything outlives this process."""
        if Lab._count == 0:
            sweep()
        Lab._count += 1
        self.prefix = f"pc{'keep' if may_stay else ''}{os.getpid()}{chr(96 + Lab._count % 26)}-{name}"[:40]
        self.keep = False
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        # nginx workers and the like run as other users and read files here.
        self.directory.chmod(0o755)
        self._cleanups = []
        self._closed = False
        self._old_handlers = {}

    def __enter__(self):
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._old_handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *unused):
        self.close()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        atexit.unregister(self.close)

    @staticmethod
    def _on_signal(number, _frame):
        raise SystemExit(128 + number)

    def on_close(self, cleanup):
        self._cleanups.append(cleanup)

    def close(self):
        if self._closed or self.keep:
            return
        self._closed = True
        for cleanup in reversed(self._cleanups):
            try:
                cleanup()
            except (LabError, OSError) as error:
                print(f"cleaning up: {error}")
        shutil.rmtree(self.directory, ignore_errors=True)

    def namespace(self, name):
        made = Namespace(self, name)
        self.on_close(made.delete)
        return made

    def cgroup(self):
        """A cgroup for processes that are yet to be started."""
        made = Cgroup(cgroup_root() / self.prefix)
        self.on_close(made.delete)
        return made

    def link(self, first, first_device, second, second_device):
        """A veth pair between two namespaces."""
        run("ip", "link", "add", first_device, "netns", first.full_name, "type", "veth",
            "peer", "name", second_device, "netns", second.full_name)

    def start(self, name, command, env=None):
        log = self.directory / f"{name}-{len(self._cleanups)}.log"
        with open(log, "wb") as output:
            popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                                     start_new_session=True)
        process = Process(name, popen, log)
        self.on_close(process.stop)
        return process
