# SPDX-License-Identifier: Apache-2.0
"""server.py NAME PORT: says "NAME PEER-ADDRESS" to each connection, then echoes it until it ends."""

import ipaddress
import sys

from listener import serve


async def handle(reader, writer):
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


serve(handle, int(sys.argv[2]))
