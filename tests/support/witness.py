#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""witness.py REACHED FRAMES INTERFACE [MAC]: a host whose port 5000 is for everybody and whose port 6000 is for nobody.

TCP and UDP on port 5000 answer "hello"; whatever comes to port 6000, and a datagram on port 5000 that says that it is
forged, is a line in the file REACHED. FRAMES has how many frames have come in on INTERFACE (from MAC, if given) behind
XDP, where a capture sees them.
"""
import asyncio
import os
import socket
import sys

OPEN, CLOSED = 5000, 6000
ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33


def note(reached, what):
    with open(reached, "a", encoding="utf-8") as lines:
        lines.write(what + "\n")


def tell(path, count):
    """Whoever reads the file meanwhile finds the number before, or this one."""
    with open(f"{path}.new", "w", encoding="utf-8") as number:
        number.write(f"{count}\n")
    os.replace(f"{path}.new", path)


def bound(kind, port):
    one = socket.socket(socket.AF_INET6, kind)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("::", port))
    return one


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reached, port):
        self.reached, self.port = reached, port

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if self.port == CLOSED or data == b"forged":
            note(self.reached, f"udp/{self.port} from {addr[0]}: {data[:20].decode('ascii', 'replace')}")
        else:
            self.transport.sendto(b"hello", addr)


async def serve(reached, frames, interface, mac):
    loop = asyncio.get_running_loop()

    def connected(port):
        async def answer(_, writer):
            if port == CLOSED:
                note(reached, f"tcp/{port} from {writer.get_extra_info('peername')[0]}")
            writer.write(b"hello")
            writer.close()
        return answer

    for port in (OPEN, CLOSED):
        await loop.create_datagram_endpoint(lambda port=port: Datagrams(reached, port), sock=bound(socket.SOCK_DGRAM, port))
        await asyncio.start_server(connected(port), sock=bound(socket.SOCK_STREAM, port))

    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ALL))
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    wire.bind((interface, ETH_P_ALL))
    sender, count = bytes.fromhex(mac.replace(":", "")), 0

    def seen():
        nonlocal count
        while True:
            try:
                frame, address = wire.recvfrom(64)
            except BlockingIOError:
                break
            except OSError:  # the interface is down for now
                continue
            count += address[2] != PACKET_OUTGOING and (not sender or frame[6:12] == sender)
        tell(frames, count)

    tell(frames, 0)
    loop.add_reader(wire, seen)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:4], (sys.argv[4:] + [""])[0]))
