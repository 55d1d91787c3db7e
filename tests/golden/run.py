#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the commands of golden files against a fake agent and compares what they print.

    run.py TOLLGATE FILE.golden... [--update]

A golden file holds commands and what follows from them:

    # agent: NAME      answers/NAME/ goes before answers/ from here on; "none": no agent at all
    $ tollgate status
    …stdout and stderr…
    [exit 0]
    $ requests         what the agent has been asked since the last time
    $ cat FILE         a file that a command has written

/RUN is a fresh folder with two captures (write_captures).
The present is 2026-11-21T12:00:00Z. Output of -o json must fit its schema in docs/json/, and hold
no field that the schema does not name. --update rewrites the files; read the difference.
"""
import difflib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import capture  # noqa: E402
SCHEMAS = os.path.join(ROOT, "docs", "json")
NOW = "1795262400"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def strict(schema):
    """The schema, refusing fields that it does not name: documents may grow, but not unnoticed."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema["additionalProperties"] = False
    return schema


def schema_file(kind):
    return re.sub(r"(?<!^)([A-Z])", r"-\1", kind).lower() + ".schema.json"


def validate(instance):
    schema = strict(load(os.path.join(SCHEMAS, schema_file(instance["kind"]))))
    objects = strict(load(os.path.join(SCHEMAS, "objects.schema.json")))
    resolver = jsonschema.RefResolver("", schema, {"objects.schema.json": objects})
    jsonschema.Draft7Validator(schema, resolver=resolver).validate(instance)


class FakeAgent:
    """The process of tests/support/fake_agent.py, or nothing behind its socket."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "control.sock")
        self.requests = os.path.join(folder, "requests")
        self.process = None

    def start(self, name):
        self.stop()
        if name == "none":
            return
        folders = [os.path.join(HERE, "answers", name)] if name else []
        script = os.path.join(ROOT, "tests", "support", "fake_agent.py")
        self.process = subprocess.Popen(
            [sys.executable, script, self.socket, self.requests, *folders,
             os.path.join(HERE, "answers")])
        for _ in range(500):
            if os.path.exists(self.socket):
                return
            time.sleep(0.01)
        raise RuntimeError("the fake agent does not start")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None
        for path in (self.socket, self.requests):
            if os.path.exists(path):
                os.unlink(path)

    def take_requests(self):
        if not os.path.exists(self.requests):
            return ""
        with open(self.requests, encoding="utf-8") as file:
            text = file.read()
        os.unlink(self.requests)
        text = re.sub(r', "tty": "[0-9.]+"', "", text)  # only where the test runs in a terminal
        return re.sub(r'"by": "[^"]+"', '"by": "CALLER"', text)


def write_captures(folder):
    """week.pcap: what the device 192.0.2.10 always says; scan.pcap: the same, and a stranger."""
    device, recorder, resolver, stranger = "192.0.2.10", "192.0.2.40", "192.0.2.53", "192.0.2.99"
    for name in ("week", "scan"):
        with capture.Capture(os.path.join(folder, name + ".pcap"), int(NOW) - 3600) as file:
            for port in range(50000, 50020):
                file.udp_flow(True, (device, resolver), (port, 123))
                file.tcp_flow(False, (recorder, device), (port, 554))
            for port in (23, 80, 554, 8080) if name == "scan" else ():
                file.tcp_flow(False, (stranger, device), (40000, port), answered=port == 554)


class Runner:
    def __init__(self, program, folder):
        self.program = program
        self.agent = FakeAgent(folder)
        self.folder = folder

    def run(self, command):
        words = shlex.split(command)
        if words == ["requests"]:
            return self.agent.take_requests()
        environment = {
            "PATH": os.environ["PATH"], "TZ": "UTC", "TERM": "dumb", "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": NOW, "SSH_CONNECTION": "192.0.2.7 51514 192.0.2.10 22",
            "TOLLGATE_SOCKET": self.agent.socket, "TOLLGATE_PIN_DIR": self.folder + "/pins",
            **{word.split("=")[0]: word.split("=")[1] for word in words if re.match("[A-Z_]+=", word)},
        }
        words = [word for word in words if not re.match("[A-Z_]+=", word)]
        words = [word.replace("/RUN", self.folder) for word in words]
        if words[0] == "cat":
            with open(words[1], encoding="utf-8") as file:
                return file.read().replace(self.folder, "/RUN")
        result = subprocess.run([self.program, *words[1:]], cwd=HERE, env=environment, text=True,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                                check=False)
        if "-o jsonl" in command:
            for line in result.stdout.splitlines():
                validate(json.loads(line))
        elif "-o json" in command:
            validate(json.loads(result.stdout))
        stdout = result.stdout.replace(self.folder, "/RUN")
        text = stdout + result.stderr.replace(self.folder, "/RUN")
        if text and not text.endswith("\n"):
            text += "\n"
        plain = re.sub("\033\\[[0-9;]*m", "", stdout)
        too_long = [line for line in plain.splitlines() if len(line) > 100]
        if re.search("json|policy check|--name door", command):
            too_long = []
        if too_long:
            raise AssertionError(f"more than 100 columns: {too_long[0]}")
        return f"{text}[exit {result.returncode}]\n"

    def rewrite(self, golden):
        """The golden file as this program would have it."""
        lines = []
        self.agent.start("")
        for line in golden.splitlines():
            if line.startswith("# agent: "):
                self.agent.start(line.split()[2].replace("default", ""))
            if line.startswith(("# agent: ", "$ ")):
                if lines and not lines[-1].startswith("# agent: "):
                    lines.append("")
                lines.append(line)
            if line.startswith("$ "):
                lines.extend(self.run(line[2:]).splitlines())
        self.agent.stop()
        return "\n".join(lines) + "\n"


def check(program, path, update):
    with open(path, encoding="utf-8") as file:
        golden = file.read()
    with tempfile.TemporaryDirectory() as folder:
        write_captures(folder)
        runner = Runner(program, folder)
        try:
            actual = runner.rewrite(golden)
        finally:
            runner.agent.stop()
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(actual)
    difference = list(difflib.unified_diff(golden.splitlines(), actual.splitlines(), path, "actual",
                                           lineterm=""))
    print("\n".join(difference))
    return update or not difference


def main():
    update = "--update" in sys.argv
    program, *files = [word for word in sys.argv[1:] if word != "--update"]
    program = os.path.abspath(program)
    results = [check(program, path, update) for path in files]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
