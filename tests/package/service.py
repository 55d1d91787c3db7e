#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands in for systemctl and journalctl, under these names, where systemd is not process 1: starts a service as its
unit says. It goes by the unit's condition, ExecStart, Type=notify, capabilities, NoNewPrivileges, ProtectProc, group,
limits, umask and folders; it knows nothing of the rest of its sandbox (mounts, devices, system calls), of Restart= and of
the watchdog.

    systemctl start|stop|restart|is-active UNIT
    journalctl -u UNIT [-n LINES | --since WHEN]        the whole log is of this boot; WHEN is not looked at
"""
import grp
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

PATIENCE = 20  # seconds to start or to end
FOLDERS = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "LogsDirectory": "/var/log",
           "ConfigurationDirectory": "/etc"}


def log_of(name):
    return Path(f"/var/log/{name}.service.log")


def pid_file(name):
    return Path(f"/run/{name}.service.pid")


def unit_of(name):
    """The values of each key in the order of the file; all sections are one."""
    values = defaultdict(list)
    text = Path(f"/usr/lib/systemd/system/{name}.service").read_text(encoding="utf-8")
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        values[key].append(value)
    return values


def running(name):
    """Its process id; a process that nobody has waited for is none."""
    try:
        pid = int(pid_file(name).read_text(encoding="utf-8"))
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ValueError):
        return None
    return None if state == "Z" else pid


def make_folders(unit):
    for key, parent in FOLDERS.items():
        mode = int((unit[f"{key}Mode"] or ["0755"])[-1], 8)
        for folder in " ".join(unit[key]).split():
            Path(parent, folder).mkdir(mode=mode, parents=True, exist_ok=True)


def set_limits(unit):
    """Ours, which the service inherits; in a container they may be lower than the unit asks for, as CAP_SYS_RESOURCE
    is not to be had there."""
    for key in [key for key in unit if key.startswith("Limit")]:
        text = unit[key][-1]
        wanted = resource.RLIM_INFINITY if text == "infinity" else int(text)
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{key[5:]}"), (wanted, wanted))
        except ValueError:
            print(f"{key}={text} is not allowed here")


def command_of(unit):
    capabilities = " ".join(unit["CapabilityBoundingSet"]).lower().replace("cap_", "+").split()
    privileges = ["--bounding-set", ",".join(["-all", *capabilities]), "--inh-caps", "-all"]
    if unit["NoNewPrivileges"] == ["yes"]:
        privileges.append("--no-new-privs")
    return [*own_proc(unit), "setpriv", *privileges, *unit["ExecStart"][-1].split()]


def own_proc(unit):
    """Runs a command where /proc shows what ProtectProc lets it."""
    if not unit["ProtectProc"]:
        return []
    mount = f"mount -t proc -o hidepid={unit['ProtectProc'][-1]} proc /proc"
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f'{mount} && exec "$@"', "sh"]


def becomes_ready(process, notifications):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if b"READY=1" in notifications.recv(4096):
                return True
        except TimeoutError:
            pass
    return False


def start(name):
    unit = unit_of(name)
    missing = [path for path in unit["ConditionPathExists"] if not Path(path).exists()]
    if missing:
        print(f"{name}: not started, there is no {missing[0]}")
        return 0
    make_folders(unit)
    set_limits(unit)
    address = f"/run/{name}.service.notify"
    Path(address).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, log_of(name).open("ab") as log:
        ready.bind(address)
        ready.settimeout(0.5)
        process = subprocess.Popen(  # it outlives us
            command_of(unit), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            umask=int(unit["UMask"][-1], 8), extra_groups=[grp.getgrnam(group).gr_gid for group in unit["SupplementaryGroups"]],
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": address})
        pid_file(name).write_text(str(process.pid), encoding="utf-8")
        if not becomes_ready(process, ready):
            process.kill()
            print(f"{name}: ended, or not ready within {PATIENCE} s")
            return 1
    return 0


def stop(name):
    pid = running(name)
    if pid is None:
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while running(name) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(running(name) is not None)


def systemctl(verb, unit):
    name = unit.removesuffix(".service")
    if verb == "is-active":
        return 0 if running(name) else 3
    if verb in ("stop", "restart") and stop(name) != 0:
        return 1
    return start(name) if verb in ("start", "restart") else 0


def journalctl(arguments):
    name = arguments[arguments.index("-u") + 1]
    lines = int(arguments[arguments.index("-n") + 1]) if "-n" in arguments else 0
    print("\n".join(log_of(name).read_text(encoding="utf-8").splitlines()[-lines:]))
    return 0


def main():
    if Path(sys.argv[0]).name == "journalctl":
        return journalctl(sys.argv[1:])
    verb, unit = sys.argv[1:]
    if verb not in ("start", "stop", "restart", "is-active"):
        sys.exit(f"systemctl: {verb} is not done here")
    return systemctl(verb, unit)


if __name__ == "__main__":
    sys.exit(main())
