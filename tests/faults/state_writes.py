#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fails every system call of a write of state in turn, and looks what is left.

    state_writes.py PROGRAM KIND     PROGRAM is state_writer, which says what kinds there are

For each system call of the write there is a run in which the process is killed at it, and one for each error that
the call may end with. Whatever happens, the next start finds the old state or the new, whole; what was said to be
written is the new; and no unfinished file stays.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter

ERRORS = ("EIO", "ENOSPC")
NOT_WRITTEN = 3
# They end the process by design, or do not fail: what a page or a thread costs has its own case (F03).
LEFT_ALONE = {"chdir", "exit_group", "exit", "brk", "mmap", "munmap", "mprotect", "madvise", "mremap", "futex",
              "rt_sigaction", "rt_sigprocmask", "getpid", "gettid", "getrandom", "clock_nanosleep"}


class Wrong(Exception):
    pass


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def calls_of_write(program, kind, folder):
    """(name, ordinal among the calls of that name), in their order."""
    log = folder + ".trace"
    done = run("strace", "-qq", "-o", log, program, kind, "new", folder)
    if done.returncode != 0:
        raise Wrong(f"without a fault it does not write: {done.stderr}")
    names = [match[1] for line in open(log, encoding="utf-8") if (match := re.match(r"(\w+)\(", line))]
    os.remove(log)
    counts = Counter()
    calls = []
    begun = False
    for name in names:
        counts[name] += 1
        if begun and name not in LEFT_ALONE:
            calls.append((name, counts[name]))
        begun = begun or name == "chdir"
    return calls


class Writes:
    def __init__(self, program, kind, folder):
        self.program, self.kind, self.folder = program, kind, folder
        self.template = os.path.join(folder, "template")
        os.mkdir(self.template)
        if run(program, kind, "old", self.template).returncode != 0:
            raise Wrong("the first value cannot be written")
        self.read(self.template, "old", "without a fault")

    def read(self, folder, wanted, when):
        found = run(self.program, self.kind, "read", folder)
        if found.returncode != 0:
            raise Wrong(f"{when}: {found.stderr.strip()}")
        if wanted is not None and found.stdout.strip() != wanted:
            raise Wrong(f"{when}: found the {found.stdout.strip()}, not the {wanted}")
        return found.stdout.strip()

    def copy(self):
        folder = os.path.join(self.folder, "copy")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        return folder

    def calls(self):
        folder = self.copy()
        calls = calls_of_write(self.program, self.kind, folder)
        self.read(folder, "new", "without a fault")
        return calls

    def attempt(self, name, ordinal, fault):
        """One run with a fault. Returns what it left: "old" or "new"."""
        folder = self.copy()
        when = f"{fault} at {name} {ordinal}"
        injected = run("strace", "-qq", "-o", "/dev/null", f"--trace={name}",
                       f"--inject={name}:{fault}:when={ordinal}", self.program, self.kind, "new", folder)
        killed = injected.returncode == -signal.SIGKILL
        if killed != fault.startswith("signal") or (not killed and injected.returncode not in (0, NOT_WRITTEN)):
            raise Wrong(f"{when}: ends with {injected.returncode}: {injected.stderr.strip()}")
        left = self.read(folder, "new" if injected.returncode == 0 else None, when)
        # The next write needs no help, and cleans up.
        if run(self.program, self.kind, "new", folder).returncode != 0:
            raise Wrong(f"{when}: the next write fails")
        self.read(folder, "new", f"after {when} and the next write")
        unfinished = [file for _, _, files in os.walk(folder) for file in files if file.startswith(".")]
        if unfinished:
            raise Wrong(f"{when}: {unfinished} are left")
        return left


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if shutil.which("strace") is None:
        sys.exit("error: needs strace")
    with tempfile.TemporaryDirectory(prefix="tollgate-faults-") as folder:
        try:
            writes = Writes(sys.argv[1], sys.argv[2], folder)
            calls = writes.calls()
            results = Counter()
            for name, ordinal in calls:
                for fault in ("signal=KILL", *(f"error={error}" for error in ERRORS)):
                    results[writes.attempt(name, ordinal, fault)] += 1
        except Wrong as wrong:
            sys.exit(f"error: {sys.argv[2]}: {wrong}")
    if not results["old"] or not results["new"]:
        sys.exit(f"error: {sys.argv[2]}: {dict(results)}: the faults were not on both sides of the write")
    print(f"{sys.argv[2]}: {len(calls)} system calls, {sum(results.values())} faults: "
          f"{results['old']} left the old state, {results['new']} the new")


if __name__ == "__main__":
    main()
