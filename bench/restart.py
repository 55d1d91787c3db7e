# SPDX-License-Identifier: MIT
"""The daemon is killed, or ends and the next one starts, under allowed and forbidden traffic: what passed, what was lost,
and for how long the tunnel does not answer."""
import json
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import lab as lab_module
import protected
import tunnel

UNIT = Path(__file__).resolve().parent.parent / "packaging/tollgated.service"
ALLOWED_KPPS, FORBIDDEN_KPPS = 10, 100
EVENT_AFTER = 1.0  # seconds of traffic before the event
PING_EVERY = 0.01


def restart_seconds():
    """How long systemd waits before it starts the daemon again after it has died."""
    number, unit = re.search(r"^RestartSec=([0-9.]+)(ms|s|)$", UNIT.read_text(encoding="ascii"), re.M).groups()
    return float(number) / (1000 if unit == "ms" else 1)


@contextmanager
def pings(lab, folder):
    """@return {end: the file of what its ping has printed}, afterwards"""
    paths, children = {end: folder / f"{end}.pings" for end in tunnel.INNER}, []
    for end, path in paths.items():
        with path.open("w", encoding="ascii") as out:
            children.append(lab.start(end, "ping", "-n", "-D", "-i", PING_EVERY, tunnel.INNER[tunnel.OTHER[end]],
                                      stdout=out, stderr=out))
    yield paths
    for child in children:
        child.send_signal(signal.SIGINT)  # another one would leave what is not yet written
        child.wait()
        lab.children.remove(child)


def unanswered(path, since, until):
    """The longest time without an answer, in seconds: infinite, if it is not over half a second before the end."""
    stamps = re.findall(r"^\[([0-9.]+)\] .* time=", path.read_text(encoding="ascii", errors="replace"), re.M)
    answered = [since] + [stamp for stamp in map(float, stamps) if since < stamp < until]
    if until - answered[-1] > 0.5:
        return float("inf")
    return max(after - before for before, after in zip(answered, answered[1:]))


@contextmanager
def traffic(lab, programs, seconds):
    """@return a dict that has what was sent and received afterwards"""
    def datagrams(end, *words):
        return lab.start(end, programs / "datagrams", *words, stdout=-1)

    def told(child):
        out, _ = child.communicate()
        lab.children.remove(child)
        return json.loads(out)

    servers = {name: datagrams("target", "serve", lab_module.TARGET, port)
               for name, port in (("allowed", protected.OPEN), ("forbidden", protected.CLOSED))}
    time.sleep(0.2)
    flood = lab.start("source", programs / "flood", "veth0", lab_module.TARGET, protected.CLOSED, seconds,
                      f"kpps={FORBIDDEN_KPPS}", stdout=-1)
    sender = datagrams("source", "send", lab_module.TARGET, protected.OPEN, seconds, ALLOWED_KPPS, 64)
    counted = {}
    yield counted
    counted["allowed_sent"] = told(sender)["sent"]
    counted["forbidden_sent"] = told(flood)["frames"]
    time.sleep(0.3)
    for name, server in servers.items():
        server.terminate()
        counted[name] = told(server)["received"]


def round_with(lab, host, programs, event, seconds):
    """@return forbidden that passed, allowed that were lost, also as milliseconds of their rate; unanswered() by end"""
    with pings(lab, host.folder) as paths, traffic(lab, programs, seconds) as counted:
        time.sleep(EVENT_AFTER)
        begin = time.time()
        event()
    lost = counted["allowed_sent"] - counted["allowed"]
    silent = {end: unanswered(path, begin, begin + seconds - EVENT_AFTER) for end, path in paths.items()}
    return {"forbidden": counted["forbidden"], "forbidden_sent": counted["forbidden_sent"], "lost": lost,
            "lost_ms": lost / ALLOWED_KPPS, "silent": silent}


def measure(programs, agent, number, pause, rounds, seconds):
    """@param pause  seconds between the end of a daemon and the start of the next
    @return the rounds, and one in which nothing happens"""
    def event():
        host.end(number)
        time.sleep(pause)
        host.start()

    with protected.protected(agent) as (lab, host):
        quiet = round_with(lab, host, programs, lambda: None, 4)
        print(f"  nothing happens: {quiet}", flush=True)
        taken = []
        for _ in range(rounds):
            taken.append(round_with(lab, host, programs, event, seconds))
            print(f"  {signal.Signals(number).name}: {taken[-1]}", flush=True)
            if not host.is_enforcing():
                raise SystemExit("the next daemon does not enforce")
    return taken, quiet


def killed(programs, agent, rounds=2):
    pause = restart_seconds()
    return measure(programs, agent, signal.SIGKILL, pause, rounds, pause + 7)


def upgraded(programs, agent, rounds=2):
    """As systemctl try-restart does it for the package: no pause."""
    return measure(programs, agent, signal.SIGTERM, 0, rounds, 7)
