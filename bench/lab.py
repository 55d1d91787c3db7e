# SPDX-License-Identifier: MIT
"""Two network namespaces on one veth pair: `source` sends, `target` is protected."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SOURCE, TARGET = "10.99.0.1", "10.99.0.2"
SOURCE_MAC, TARGET_MAC = "02:00:00:00:99:01", "02:00:00:00:99:02"


def run(*command, check=True):
    """Runs a command and returns what it prints."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Lab:
    """Use as a context manager; names carry the process id, so that several may run."""

    def __init__(self, queues=1):
        """@param queues  of the veth pair in each direction: the sender's CPU decides which"""
        self.queues = queues
        self.names = {end: f"tollgate-bench-{os.getpid()}-{end}" for end in ("source", "target")}
        self.pins = Path(f"/sys/fs/bpf/tollgate-bench-{os.getpid()}")
        self.children = []

    def __enter__(self):
        # By default that ends Python at once, and everything would stay.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        for name in self.names.values():
            run("ip", "netns", "add", name)
        many = () if self.queues == 1 else ("numtxqueues", self.queues, "numrxqueues", self.queues)
        run("ip", "-n", self.names["source"], "link", "add", "veth0", "address", SOURCE_MAC, *many, "type", "veth",
            "peer", "name", "veth0", "address", TARGET_MAC, *many, "netns", self.names["target"])
        for end, own, other, mac in (("source", SOURCE, TARGET, TARGET_MAC),
                                     ("target", TARGET, SOURCE, SOURCE_MAC)):
            # Without it the stack drops random sources before any firewall has seen them.
            for where in ("all", "default", "veth0"):
                self.inside(end, "sysctl", "-qw", f"net.ipv4.conf.{where}.rp_filter=0")
            self.inside(end, "ip", "address", "add", f"{own}/24", "dev", "veth0")
            self.inside(end, "ip", "link", "set", "lo", "up")
            self.inside(end, "ip", "link", "set", "veth0", "up")
            self.inside(end, "ip", "route", "add", "default", "via", other)
            self.inside(end, "ip", "neighbour", "replace", other, "lladdr", mac, "dev", "veth0")
            # veth polls (NAPI) only with GRO or an XDP program on the receiving side.
            self.inside(end, "ethtool", "-K", "veth0", "gro", "on")
            if self.queues > 1:
                self.bind_queues(end)
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
        for name in self.names.values():
            run("ip", "netns", "delete", name, check=False)
        if self.pins.exists():
            run("rm", "-rf", self.pins)

    def bind_queues(self, end):
        """Each CPU sends by a queue of its own."""
        for queue in range(self.queues):
            path = f"/sys/class/net/veth0/queues/tx-{queue}/xps_cpus"
            run("ip", "netns", "exec", self.names[end], "sh", "-c", f"echo {1 << queue:x} >{path}")

    def command(self, end, *command):
        # `ip netns exec` would hide bpffs.
        return ["nsenter", f"--net=/run/netns/{self.names[end]}", *map(str, command)]

    def inside(self, end, *command, check=True):
        return run(*self.command(end, *command), check=check)

    def start(self, end, *command, **streams):
        """A program in the background, ended with the lab."""
        child = subprocess.Popen(self.command(end, *command), text=True, **streams)
        self.children.append(child)
        return child

    def stop(self, child):
        child.terminate()
        child.wait()
        self.children.remove(child)

    def received(self):
        """Frames that have reached the target's interface."""
        link, = json.loads(self.inside("target", "ip", "-j", "-s", "link", "show", "dev", "veth0"))
        return link["stats64"]["rx"]["packets"]


def stolen():
    """Seconds of CPU time that other guests of the machine have taken."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def machine():
    """What the figures were measured on, in words."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = int(Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) // (1 << 20)
    return f"{model}, {os.cpu_count()} CPUs, {memory} GiB, Linux {os.uname().release}, {time.strftime('%Y-%m-%d')}"
