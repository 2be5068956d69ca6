# SPDX-License-Identifier: Apache-2.0
"""Whether the machine is ours alone.

A virtual CPU is a hyperthread; its core's other one is somebody else's, who takes a third of our speed whenever he works, for
seconds at a time. Ratios of figures that were taken at different speeds say nothing, and no median helps if half of them
were. So a measurement waits until all CPUs are as fast as they have been, and is repeated if one no longer is at its end.
"""

import bisect
import functools
import os
import time

LIMIT = 1.2       # times slower than when nobody else works; with somebody else it is 1.4 or more
TRIES = 6
PATIENCE = 5.0    # seconds to wait for a quiet moment
SAMPLES = 3


def _work():
    """Seconds for a fixed piece of work, about a millisecond."""
    begin = time.perf_counter()
    for _ in range(30_000):
        pass
    return time.perf_counter() - begin


class Quiet:
    """`tries`: how often a measurement is taken at most; 1: once, whatever the machine does."""

    def __init__(self, tries=TRIES):
        self.tries = tries
        self.taken = self.repeated = self.disturbed = 0
        self._seen = []
        if tries > 1:
            for _ in range(20):
                self.slowness()

    def slowness(self):
        """How many times slower the slowest CPU is than they all are at their best, which is what a tenth of all samples
        was below: some are faster by chance."""
        allowed = os.sched_getaffinity(0)
        slowest = 0
        try:
            for cpu in allowed:
                os.sched_setaffinity(0, {cpu})
                seconds = min(_work() for _ in range(SAMPLES))
                slowest = max(slowest, seconds)
                bisect.insort(self._seen, seconds)
        finally:
            os.sched_setaffinity(0, allowed)
        return slowest / self._seen[len(self._seen) // 10]

    def measure(self, take):
        """What take() returns when nobody has slowed the machine down; else of the least disturbed time."""
        self.taken += 1
        if self.tries == 1:
            return take()
        kept = None
        for _ in range(self.tries):
            self._wait()
            value = take()
            slowness = self.slowness()
            if slowness < LIMIT:
                return value
            if kept is None or slowness < kept[0]:
                kept = slowness, value
            self.repeated += 1
        self.disturbed += 1
        return kept[1]

    def _wait(self):
        deadline = time.monotonic() + PATIENCE
        while self.slowness() >= LIMIT and time.monotonic() < deadline:
            time.sleep(0.02)

    def summary(self):
        return (f"{self.taken} measurements; {self.repeated} had to be repeated, as somebody else slowed a CPU down; "
                f"{self.disturbed} were disturbed each time")


def undisturbed(take):
    """Makes a method of something that has a `quiet` wait for quiet moments."""
    @functools.wraps(take)
    def measure(self, *arguments):
        return self.quiet.measure(lambda: take(self, *arguments))
    return measure
