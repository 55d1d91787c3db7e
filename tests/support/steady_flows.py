#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TCP and UDP between two hosts, every byte and every datagram accounted for.

    steady_flows.py serve ADDRESS PORT
    steady_flows.py once ADDRESS PORT                   6 MB by 1, 5 and 50 parallel streams, 100 datagrams
    steady_flows.py steady ADDRESS PORT SECONDS [tolerant]
                                                        200 datagrams/s and 4 Mbit/s of TCP, both echoed

A client prints what it has counted and fails if anything is lost, repeated, altered or out of order; a tolerant one
leaves it to the caller to say what datagrams may be lost. The server answers until it is ended.
"""
import hashlib
import json
import random
import socket
import socketserver
import struct
import sys
import threading
import time

DATAGRAMS_PER_SECOND = 200
BLOCK = 5000
BLOCKS_PER_SECOND = 100
STEADY, DIGEST = b"S", b"D"
LATE = 10  # seconds that a datagram may be under way
BUFFER = 4 << 20
SO_RCVBUFFORCE = 33  # net.core.rmem_max is too little for a second in which this program is not given a CPU


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Stream(socketserver.BaseRequestHandler):
    """The first byte says what is wanted: everything back at once, or a digest of all."""

    def handle(self):
        wanted = self.request.recv(1)
        digest = hashlib.sha256()
        while block := self.request.recv(1 << 18):
            if wanted == STEADY:
                self.request.sendall(block)
            digest.update(block)
        if wanted == DIGEST:
            self.request.sendall(digest.digest())


def serve(address, port):
    family = family_of(address)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    datagrams.bind((address, port))

    def echo():
        while True:
            datagram, sender = datagrams.recvfrom(65536)
            datagrams.sendto(datagram, sender)

    threading.Thread(target=echo, daemon=True).start()

    class Streams(socketserver.ThreadingTCPServer):
        address_family = family
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 128

    Streams((address, port), Stream).serve_forever()


def all_threads(work, count):
    """Runs `work(i)` in parallel; the first exception of one is raised here."""
    failures = []

    def guarded(i):
        try:
            work(i)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def tcp(address, port, streams):
    payload = random.randbytes(6_000_000 // streams)
    expected = hashlib.sha256(payload).digest()

    def transfer(_):
        with socket.create_connection((address, port), timeout=60) as stream:
            stream.sendall(DIGEST + payload)
            stream.shutdown(socket.SHUT_WR)
            if stream.recv(64) != expected:
                raise RuntimeError("other bytes arrived")

    all_threads(transfer, streams)


def paced(per_second, seconds):
    begin = time.monotonic()
    for i in range(int(per_second * seconds)):
        time.sleep(max(0.0, begin + i / per_second - time.monotonic()))
        yield i


def steady_datagrams(address, port, seconds, counts, tolerant=False):
    endpoint = socket.socket(family_of(address), socket.SOCK_DGRAM)
    endpoint.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    endpoint.connect((address, port))
    missing = {}
    faults = []
    late = []

    def receive():
        last = -1
        endpoint.settimeout(LATE)
        while counts["sent"] is None or missing:
            try:
                datagram = endpoint.recv(65536)
            except TimeoutError:
                break
            number = struct.unpack_from("!Q", datagram)[0]
            if missing.pop(number, None) != datagram:
                faults.append(number)
            if number < last:
                late.append(number)
            last = max(last, number)

    counts["sent"] = None
    receiver = threading.Thread(target=receive)
    receiver.start()
    sizes = random.Random(7)
    for number in paced(DATAGRAMS_PER_SECOND, seconds):
        datagram = struct.pack("!Q", number) + bytes(sizes.randrange(1300))
        missing[number] = datagram
        endpoint.send(datagram)
    counts["sent"] = int(DATAGRAMS_PER_SECOND * seconds)
    receiver.join()
    counts["lost"] = len(missing)
    counts["faults"] = len(faults)
    counts["late"] = len(late)
    if (missing and not tolerant) or faults or late:
        raise RuntimeError(
            f"lost {sorted(missing)[:20]}, repeated or altered {faults[:20]}, after a later one {late[:20]}")


def steady_stream(address, port, seconds, counts):
    stream = socket.create_connection((address, port), timeout=60)
    total = int(BLOCKS_PER_SECOND * seconds) * BLOCK
    sent, received = hashlib.sha256(), hashlib.sha256()
    state = {"received": 0}

    def receive():
        while block := stream.recv(1 << 18):
            received.update(block)
            state["received"] += len(block)

    receiver = threading.Thread(target=receive)
    receiver.start()
    stream.sendall(STEADY)
    for number in paced(BLOCKS_PER_SECOND, seconds):
        block = number.to_bytes(8, "big") * (BLOCK // 8)
        sent.update(block)
        stream.sendall(block)
    stream.shutdown(socket.SHUT_WR)
    receiver.join()
    counts["stream_bytes"] = state["received"]
    if state["received"] != total or sent.digest() != received.digest():
        raise RuntimeError(f"{state['received']} bytes of {total} came back")


def steady(address, port, seconds, tolerant=False):
    counts = {}
    works = [lambda *rest: steady_datagrams(*rest, tolerant), steady_stream]
    try:
        all_threads(lambda i: works[i](address, port, seconds, counts), len(works))
    finally:
        print(json.dumps(counts))


if __name__ == "__main__":
    command, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if command == "serve":
        serve(address, port)
    elif command == "once":
        for streams in (1, 5, 50):
            tcp(address, port, streams)
        steady(address, port, 0.5)
    elif command == "steady":
        steady(address, port, float(sys.argv[4]), "tolerant" in sys.argv[5:])
