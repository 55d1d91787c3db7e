# SPDX-License-Identifier: MIT
"""A process and all that it has started: the daemon's parts are processes of their own."""
import time
from pathlib import Path


def children():
    """{process: those that it has started}"""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.setdefault(parent, []).append(int(stat.parent.name))
    return found


def family(pid):
    """The process first."""
    by_parent, members = children(), [pid]
    for member in members:
        members.extend(sorted(by_parent.get(member, [])))
    return members


def name(pid):
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()


def memory(pid, what="Rss"):
    """MiB. @param what  "Rss", or "Pss": pages that several processes share are divided among them"""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} is gone")


def family_memory(pid, what="Rss"):
    """MiB of all together: with "Rss", what they share counts in each."""
    return sum(memory(member, what) for member in family(pid))


def cpu_seconds(pid):
    """CPU time of all threads of all, user and system: /proc/PID/stat, but in nanoseconds (a tick there is 10 ms)."""
    total = 0
    for member in family(pid):
        for thread in Path(f"/proc/{member}/task").glob("*/schedstat"):
            total += int(thread.read_text(encoding="ascii").split()[0])
    return total / 1e9


def softirq_thread(cpu):
    """The kernel's thread that takes over when softirqs are many: what it does is in no process's time."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text(encoding="utf-8").strip() == f"ksoftirqd/{cpu}":
                return int(comm.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise SystemExit(f"no ksoftirqd/{cpu}")


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not in {seconds} s: {what}")
        time.sleep(0.002)
