# SPDX-License-Identifier: Apache-2.0
"""Clients of the identity server, to be run in the client's namespace.

client.py count ADDRESS PORT N [PARALLEL]
    N connections; prints JSON: {"answers": {NAME: n}, "peers": {ADDRESS: n}, "seen": {"NAME ADDRESS": n},
    "remotes": {"ADDRESS PORT": n}, "errors": {WHAT: n}}; peers is whom servers see, seen which server sees whom, remotes whom
    we believe to talk to (getpeername)
client.py hold ADDRESS PORT N
    Opens N connections and sends numbered lines on each, round after round, checking every echo. Prints "open",
    then one line "round R" each round; ends at end of input on stdin or SIGTERM with JSON
    {"connections": N, "broken": n, "rounds": n, "names": {NAME: n}}.
client.py transfer ADDRESS PORT BYTES
    Sends BYTES and compares the echo by SHA-256; prints {"bytes": n, "intact": true}.
"""

import asyncio
import collections
import hashlib
import json
import os
import signal
import sys
import time

TIMEOUT = 5.0


def name_of(error):
    return type(error).__name__


async def greet(address, port):
    reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), TIMEOUT)
    line = await asyncio.wait_for(reader.readline(), TIMEOUT)
    if not line:
        raise ConnectionResetError
    name, peer = line.decode().split()
    return reader, writer, name, peer


async def count(address, port, number, parallel=16):
    answers, peers, seen, remotes, errors = (collections.Counter() for _ in range(5))
    slots = asyncio.Semaphore(parallel)
    slowest_error = 0.0

    async def one():
        nonlocal slowest_error
        async with slots:
            begin = time.monotonic()
            try:
                _, writer, name, peer = await greet(address, port)
                answers[name] += 1
                peers[peer] += 1
                seen[f"{name} {peer}"] += 1
                remotes[" ".join(map(str, writer.get_extra_info("peername")[:2]))] += 1
                writer.close()
            except (OSError, asyncio.TimeoutError) as error:
                errors[name_of(error)] += 1
                slowest_error = max(slowest_error, time.monotonic() - begin)

    await asyncio.gather(*(one() for _ in range(number)))
    return {"answers": answers, "peers": peers, "seen": seen, "remotes": remotes, "errors": errors,
            "slowestError": slowest_error}


class Held:
    """Many open connections with traffic on each."""

    def __init__(self):
        self.names, self.broken, self.rounds, self.stop = collections.Counter(), 0, 0, asyncio.Event()

    async def keep(self, number, reader, writer, gate):
        turn = 0
        while not self.stop.is_set():
            line = f"{number} {turn}\n".encode()
            try:
                writer.write(line)
                echo = await asyncio.wait_for(reader.readline(), 20)
            except (OSError, asyncio.TimeoutError):
                echo = b""
            if echo != line:
                self.broken += 1
                await gate.leave()
                return
            turn += 1
            await gate.arrive()
        writer.close()

    async def run(self, address, port, number):
        opened = []
        for begin in range(0, number, 50):
            opened += await asyncio.gather(*(greet(address, port) for _ in range(min(50, number - begin))))
        for _, _, name, _ in opened:
            self.names[name] += 1
        print("open", flush=True)
        gate = Gate(number, self.note_round)
        await asyncio.gather(*(self.keep(i, reader, writer, gate) for i, (reader, writer, _, _) in enumerate(opened)))
        return {"connections": number, "broken": self.broken, "rounds": self.rounds, "names": self.names}

    def note_round(self):
        self.rounds += 1
        print(f"round {self.rounds}", flush=True)


class Gate:
    """Lets a round begin when all that still take part have ended the last one."""

    def __init__(self, members, on_round):
        self.members, self.waiting, self.on_round = members, 0, on_round
        self.opened = asyncio.Event()

    def _check(self):
        if self.waiting < self.members or not self.members:
            return
        self.waiting = 0
        self.on_round()
        self.opened.set()
        self.opened = asyncio.Event()

    async def arrive(self):
        self.waiting += 1
        opened = self.opened
        self._check()
        await opened.wait()
        await asyncio.sleep(0.02)

    async def leave(self):
        self.members -= 1
        self._check()


async def hold(address, port, number):
    held = Held()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, held.stop.set)
    return await held.run(address, port, number)


async def transfer(address, port, size):
    reader, writer, _, _ = await greet(address, port)
    chunk = os.urandom(1 << 16)
    sent, received, total = hashlib.sha256(), hashlib.sha256(), 0

    async def send():
        left = size
        while left:
            data = chunk[:min(left, len(chunk))]
            sent.update(data)
            writer.write(data)
            await writer.drain()
            left -= len(data)

    sender = asyncio.create_task(send())
    while total < size:
        data = await asyncio.wait_for(reader.read(1 << 18), 20)
        if not data:
            break
        received.update(data)
        total += len(data)
    await sender
    return {"bytes": total, "intact": sent.digest() == received.digest()}


def main():
    command, address, *numbers = sys.argv[1:]
    work = {"count": count, "hold": hold, "transfer": transfer}[command]
    print(json.dumps(asyncio.run(work(address, *map(int, numbers)))), flush=True)


main()
