#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rude_clients.py KIND PLACE: clients of the control socket (a path) or of the metrics (ADDRESS:PORT) that no server wants.

    garbage     2,000 requests of random bytes, and sound ones with random changes and ends
    endless     lengths of a gibibyte and more, heads and chunks without end, a gibibyte announced and a part of it sent
    crowd       1,000 connections, most silent, some with half a request, held for two seconds
    deaf        50 requests whose answers nobody reads
    stowaways   descriptors beside a request (control socket only)

Prints how many answers had status 200 that should not have.
"""
import array
import os
import random
import resource
import socket
import sys
import time

GET = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b'POST /v1/enforce HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{"confirmWithin": 60}'
random.seed(4)


def connect(place, timeout=3):
    family = socket.AF_UNIX if place.startswith("/") else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.settimeout(timeout)
    address, _, port = place.rpartition(":")
    one.connect(place if family == socket.AF_UNIX else (address, int(port)))
    return one


def answer_to(place, request):
    with connect(place) as one:
        try:
            one.sendall(request)
            one.shutdown(socket.SHUT_WR)
            return one.recv(4096)
        except OSError:
            return b""


def garbage(place):
    wrong = 0
    for number in range(2000):
        if number % 2:
            request = os.urandom(random.randrange(1, 300))
        else:
            request = bytearray(POST)
            for _ in range(random.randrange(1, 6)):
                request[random.randrange(4)] = random.randrange(256)  # in the method: no change may come of it
            request = request[:random.randrange(1, len(request))]
        wrong += b" 200 " in answer_to(place, bytes(request))[:20]
    return wrong


def endless(place):
    head = b"POST /v1/policy/apply HTTP/1.1\r\nHost: localhost\r\n"
    wrong = 0
    for length in (b"1073741824", b"18446744073709551616", b"-1", b"0x10", b"10, 20"):
        wrong += b" 200 " in answer_to(place, head + b"Content-Length: " + length + b"\r\n\r\n" + b"x" * 100000)[:20]
    for tail in (b"Transfer-Encoding: chunked\r\n\r\n" + b"ffffff\r\n" + b"x" * 2000000, b"a: " + b"b" * 2000000 + b"\r\n\r\n",
                 b"a: b\r\n" * 200000, b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}xxx",
                 b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"):
        wrong += b" 200 " in answer_to(place, head + tail)[:20]
    return wrong


def crowd(place):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    held = []
    for number in range(1000):
        try:
            one = connect(place, timeout=0.2)
            one.sendall((b"", b"GET /v1/st", GET[:-2])[number % 3])
            held.append(one)
        except OSError:
            pass
    time.sleep(2)
    return 0


def deaf(place):
    held = []
    for _ in range(50):
        try:
            one = connect(place, timeout=0.2)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            one.sendall(GET)
            held.append(one)
        except OSError:
            pass
    time.sleep(1)
    return 0


def stowaways(place):
    for _ in range(100):
        with connect(place) as one, open("/dev/null", "rb") as null:
            rights = array.array("i", [null.fileno()] * 50)
            one.sendmsg([GET], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            one.recv(4096)
    return 0


if __name__ == "__main__":
    print(globals()[sys.argv[1]](sys.argv[2]))
