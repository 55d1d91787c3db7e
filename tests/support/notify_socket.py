#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What systemd does for a service of Type=notify, as far as a test needs it.

    notify_socket.py LOG [--watchdog SECONDS] [--ready COMMAND] -- PROGRAM...

Runs PROGRAM with a notify socket, and COMMAND (of the shell) when it says that it is ready: what is ordered after the
service. LOG gets a line for each message and each end, with the seconds since the start. SIGTERM is passed on.
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("--watchdog", type=float)
    parser.add_argument("--ready")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    folder = tempfile.TemporaryDirectory()
    path = os.path.join(folder.name, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    notify.settimeout(0.05)
    environment = dict(os.environ, NOTIFY_SOCKET=path)
    if arguments.watchdog:
        environment["WATCHDOG_USEC"] = str(int(arguments.watchdog * 1e6))
    started = time.monotonic()
    with open(arguments.log, "w", buffering=1, encoding="utf-8") as log:
        def tell(text):
            print(f"{time.monotonic() - started:.3f} {text}", file=log)

        service = subprocess.Popen(arguments.program, env=environment)
        tell(f"PID={service.pid}")
        signal.signal(signal.SIGTERM, lambda *_: service.terminate())
        while service.poll() is None:
            try:
                message = notify.recv(4096).decode()
            except TimeoutError:
                continue
            if message == "READY=1" and arguments.ready:
                subprocess.run(arguments.ready, shell=True, check=True)
            tell(message)
        tell(f"END={service.returncode}")
    folder.cleanup()
    return service.returncode & 0xFF


if __name__ == "__main__":
    sys.exit(main())
