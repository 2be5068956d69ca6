# SPDX-License-Identifier: Apache-2.0
"""The whole laboratory on one CPU, with an account of whose time it is.

Each veth's NAPI runs in a kernel thread of its own, all on one CPU, which is never idle: what arrives at the gateway's two
links is handled in the gateway's two threads, what arrives at the ends in theirs. The CPU time of the gateway's threads (and
of a proxy's processes) is what the gateway costs, however fast the ends are.
"""

import os
import subprocess
from pathlib import Path

from lab.topology import kernel_version


def why_not():
    return None if kernel_version() >= (6, 6) else "the ends' programs need tcx (Linux 6.6)"


def last_cpu():
    return max(os.sched_getaffinity(0))


def cpu_ns(pid):
    """CPU time of all threads of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def softirq_threads():
    """The kernel's threads that take over when there is too much for those who caused it."""
    return [int(comm.parent.name) for comm, name in _names() if name.startswith("ksoftirqd/")]


def _names():
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            yield comm, comm.read_text().strip()
        except OSError:  # it has ended
            continue


def napi_threads():
    """{pid: device} of the kernel's NAPI threads."""
    return {int(comm.parent.name): name[len("napi/"):].rsplit("-", 1)[0]
            for comm, name in _names() if name.startswith("napi/")}


class OneCore:
    """`gateway` and `ends`: (namespace, device) pairs. Their links are polled by threads within the `with` block."""

    def __init__(self, gateway, ends, processes=()):
        self.gateway, self.ends, self.processes = gateway, ends, list(processes)
        self.cpu = last_cpu()
        self._others = set(napi_threads())

    def __enter__(self):
        for namespace, device in self.gateway + self.ends:
            # With GRO frames come through NAPI, which threads poll; without TSO they are what a wire would carry.
            namespace.offloads(device, gro="on", tso="off")
            self._poll_by_thread(namespace, device, True)
        return self

    def __exit__(self, *unused):
        for namespace, device in self.gateway + self.ends:
            self._poll_by_thread(namespace, device, False)
            namespace.offloads(device, gro="off", tso="on")

    @staticmethod
    def _poll_by_thread(namespace, device, on):
        # `ip netns exec` shows the namespace's own /sys.
        subprocess.run(["ip", "netns", "exec", namespace.full_name, "tee", f"/sys/class/net/{device}/threaded"],
                       input="1" if on else "0", text=True, stdout=subprocess.DEVNULL, check=True)

    def gather(self):
        """Puts everything on the one CPU; to be called when all programs are attached."""
        self._threads = {pid: device for pid, device in napi_threads().items() if pid not in self._others}
        for pid in self._threads:
            os.sched_setaffinity(pid, {self.cpu})
            # Else a thread that another one has just woken is charged for what that one does until it gives way.
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))

    def spent(self):
        """CPU ns so far: (the gateway's, the ends')."""
        own = {device for _, device in self.gateway}
        gateway = sum(cpu_ns(pid) for pid in self.processes)
        ends = 0
        for pid, device in self._threads.items():
            if device in own:
                gateway += cpu_ns(pid)
            else:
                ends += cpu_ns(pid)
        return gateway, ends
