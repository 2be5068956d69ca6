# SPDX-License-Identifier: Apache-2.0
"""server.py NAME PORT: says "NAME PEER-ADDRESS" to each connection, then echoes it until it ends."""

import asyncio
import ipaddress
import sys


async def serve(reader, writer):
    address = ipaddress.ip_address(writer.get_extra_info("peername")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    writer.write(f"{sys.argv[1]} {address}\n".encode())
    try:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
        writer.close()
    except ConnectionError:
        pass


async def main():
    server = await asyncio.start_server(serve, None, int(sys.argv[2]), backlog=4096)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
