# SPDX-License-Identifier: Apache-2.0
"""What the TCP servers of the laboratory share."""

import asyncio


def serve(handle, port):
    """Calls `handle` for each connection, in both families, until the process is ended; says "listening" before."""
    async def forever():
        server = await asyncio.start_server(handle, None, port, backlog=4096)
        print("listening", flush=True)
        async with server:
            await server.serve_forever()

    asyncio.run(forever())
