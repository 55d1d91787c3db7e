# SPDX-License-Identifier: MIT
"""What the daemon takes of CPU and memory while nothing goes on, each of its processes by itself, next to wireguard-go,
which is only a tunnel; and what memory it has once it has been asked something."""
import time

import processes
import protected
import scrape

SETTLE = 10
QUESTIONS = 5


def snapshot(pid):
    return {"rss": processes.family_memory(pid), "pss": processes.family_memory(pid, "Pss"),
            "by_process": {f"{processes.name(member)} {member}": processes.memory(member) for member in processes.family(pid)}}


def memory_when_asked(lab, host):
    """@return MiB after some scrapes and questions"""
    for _ in range(QUESTIONS):
        lab.inside("target", "curl", "-sS", "--fail", "--output", "/dev/null", f"http://{scrape.METRICS}/metrics")
        host.ask("status")
    return processes.family_memory(host.process.pid)


def measure(agent, seconds):
    """@return {"tollgate", "wireguard-go": {"cpu": part of one CPU, "rss", "pss": MiB, "by_process": {name: MiB}}}, and of
    tollgate "asked": MiB"""
    with protected.protected(agent, keepalive=0) as (lab, host):
        time.sleep(SETTLE)
        watched = {"tollgate": host.process.pid, "wireguard-go": lab.other.pid}
        before = {name: processes.cpu_seconds(pid) for name, pid in watched.items()}
        begin = time.monotonic()
        time.sleep(seconds)
        taken = time.monotonic() - begin
        figures = {name: {"cpu": (processes.cpu_seconds(pid) - before[name]) / taken} | snapshot(pid)
                   for name, pid in watched.items()}
        figures["tollgate"]["asked"] = memory_when_asked(lab, host)
    print(f"  {figures}", flush=True)
    return figures
