# SPDX-License-Identifier: Apache-2.0
"""http_server.py PORT FILE: answers HTTP requests with the status that FILE holds at that moment, or with each of several in
turn, in both families, and prints what it has answered. "hang": takes connections and answers nothing."""

import asyncio
import itertools
import sys
from pathlib import Path

from listener import serve

turns = itertools.count()


async def handle(reader, writer):
    try:
        await reader.readuntil(b"\r\n\r\n")
        statuses = Path(sys.argv[2]).read_text().split()
        status = statuses[next(turns) % len(statuses)]
        if status == "hang":
            await asyncio.sleep(3600)
        writer.write(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n".encode())
        await writer.drain()
        print(status, flush=True)
        writer.close()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass


serve(handle, int(sys.argv[1]))
