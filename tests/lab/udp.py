# SPDX-License-Identifier: Apache-2.0
"""udp.py server NAME PORT [ADDRESS]: answers each datagram with "NAME PEER-ADDRESS", in both families or at ADDRESS alone;
NAME "echo" with itself.
udp.py large ADDRESS PORT NUMBER SIZE: sends NUMBER datagrams of SIZE bytes to an echo and prints
{"intact": n, "lost": n}.
udp.py client ADDRESS PORT SOCKETS ROUNDS: sends ROUNDS datagrams from each of SOCKETS connected sockets, one after another,
and prints {"answers": {name: count}, "peers": {address: count}, "sources": {whom answers are from: count}, "lost": n,
"refused": n, "flows": {name: sockets that it answered first}, "moved": sockets that two backends answered}.
udp.py sendto ADDRESS PORT SOCKETS ROUNDS: the same from sockets that are not connected.
udp.py watch ADDRESS PORT: sends from one such socket until it is ended, and says "answered by NAME" when that changes.
udp.py stay ADDRESS PORT: the same from a connected socket, and from another one when that fails."""

import collections
import json
import os
import socket
import sys
import time


def serve(name, port, address="::"):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind((address if ":" in address else f"::ffff:{address}", port))
        print("listening", flush=True)
        while True:
            data, peer = server.recvfrom(65536)
            if name == "echo":
                server.sendto(data, peer)
                continue
            server.sendto(f"{name} {peer[0].removeprefix('::ffff:')}".encode(), peer)


def ask(address, port, sockets, rounds, connected):
    answers, peers, sources, flows = (collections.Counter() for _ in range(4))
    lost, refused, moved = 0, 0, 0
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    clients = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(sockets)]
    for client in clients:
        client.settimeout(2)
        names = []
        for turn in range(rounds):
            try:
                if connected and turn == 0:
                    client.connect((address, port))
                client.send(b"?") if connected else client.sendto(b"?", (address, port))
                answer, source = client.recvfrom(100)
                name, peer = answer.decode().split()
            except (ConnectionRefusedError, PermissionError):
                refused += 1
                continue
            except OSError:
                lost += 1
                continue
            names.append(name)
            answers[name] += 1
            peers[peer] += 1
            sources[f"{source[0]} {source[1]}"] += 1
        flows.update(names[:1])
        moved += len(set(names)) > 1
    return {"answers": answers, "peers": peers, "sources": sources, "lost": lost, "refused": refused, "flows": flows,
            "moved": moved}


def watch(address, port, connected):
    client, last = None, None
    while True:
        try:
            if not client:
                client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
                client.settimeout(0.2)
                if connected:
                    client.connect((address, port))
            client.send(b"?") if connected else client.sendto(b"?", (address, port))
            name = client.recv(100).decode().split()[0]
        except TimeoutError:
            name = None
        except OSError:
            name, client = None, None if connected else client
        if name and name != last:
            print(f"answered by {name}", flush=True)
            last = name
        time.sleep(0.02)


def ask_large(address, port, number, size):
    intact, lost = 0, 0
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect((address, port))
        for _ in range(number):
            data = os.urandom(size)
            client.send(data)
            try:
                intact += client.recv(65536) == data
            except OSError:
                lost += 1
    return {"intact": intact, "lost": lost}


if sys.argv[1] == "server":
    serve(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
elif sys.argv[1] in ("watch", "stay"):
    watch(sys.argv[2], int(sys.argv[3]), connected=sys.argv[1] == "stay")
elif sys.argv[1] == "large":
    print(json.dumps(ask_large(sys.argv[2], *map(int, sys.argv[3:6]))))
else:
    print(json.dumps(ask(sys.argv[2], *map(int, sys.argv[3:6]), connected=sys.argv[1] == "client")))
