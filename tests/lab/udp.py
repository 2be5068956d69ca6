# SPDX-License-Identifier: Apache-2.0
"""udp.py server NAME PORT: answers each datagram with "NAME PEER-ADDRESS", in both families; NAME "echo" with itself.
udp.py large ADDRESS PORT NUMBER SIZE: sends NUMBER datagrams of SIZE bytes to an echo and prints
{"intact": n, "lost": n}.
udp.py client ADDRESS PORT SOCKETS ROUNDS: sends ROUNDS datagrams from each of SOCKETS sockets, one after another, and
prints {"answers": {name: count}, "peers": {address: count}, "lost": n, "moved": sockets that two backends answered}."""

import collections
import json
import os
import socket
import sys


def serve(name, port):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", port))
        print("listening", flush=True)
        while True:
            data, peer = server.recvfrom(65536)
            if name == "echo":
                server.sendto(data, peer)
                continue
            server.sendto(f"{name} {peer[0].removeprefix('::ffff:')}".encode(), peer)


def ask(address, port, sockets, rounds):
    answers, peers, lost, moved = collections.Counter(), collections.Counter(), 0, 0
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    clients = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(sockets)]
    for client in clients:
        client.settimeout(2)
        client.connect((address, port))
        names = set()
        for _ in range(rounds):
            client.send(b"?")
            try:
                name, peer = client.recv(100).decode().split()
            except OSError:
                lost += 1
                continue
            names.add(name)
            answers[name] += 1
            peers[peer] += 1
        moved += len(names) > 1
    return {"answers": answers, "peers": peers, "lost": lost, "moved": moved}


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
    serve(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "large":
    print(json.dumps(ask_large(sys.argv[2], *map(int, sys.argv[3:6]))))
else:
    print(json.dumps(ask(sys.argv[2], *map(int, sys.argv[3:6]))))
