# SPDX-License-Identifier: MIT
"""The daemon as a host has it: one interface, an enforced policy with rules, a tunnel with one peer, metrics. wireguard-go
is at the tunnel's other end, in `source`."""
import json
import shutil
import subprocess
from contextlib import contextmanager

import lab as lab_module
import processes
import scrape
import tunnel

OPEN, CLOSED = tunnel.PORT, 9999
CONFIG = """apiVersion: tollgate/v1
kind: Agent
interfaces: [veth0]
policy: {policy}
tunnels:
  - name: {name}
    privateKeyFile: {key}
    listenPort: 51820
    addresses: [{inner}/24]
    peers:
      - {{name: source, publicKey: "{peer}", endpoint: "{outer}:51820", allowedIPs: [{other}/32],
         persistentKeepalive: {keepalive}}}
"""
POLICY = """apiVersion: tollgate/v1
kind: Policy
metadata: {{name: protected}}
spec:
  mode: enforce
  default: {{ingress: drop, egress: drop}}
  allow:
    - {{name: open, direction: ingress, ports: [udp/{open}]}}
    - {{name: ping-in, direction: ingress, protocols: [icmp/echo-request], via: tunnel}}
    - {{name: ping-out, direction: egress, protocols: [icmp/echo-request], via: tunnel}}
"""


def policy(rules, port=20):
    """@param port  of the rules: another one is another policy"""
    return POLICY.format(open=OPEN) + "".join(
        f"    - {{name: r{i}, direction: ingress, remote: [11.{i >> 16}.{i >> 8 & 255}.{i & 255}], ports: [tcp/{port}]}}\n"
        for i in range(rules))


class Protected:
    """`target` of a lab. Its daemon is `process`."""

    def __init__(self, lab, keys, agent, rules=100, keepalive=25):
        self.lab, self.agent, self.process = lab, agent, None
        self.folder = tunnel.state_folder(lab) / "protected"
        self.folder.mkdir()
        (self.folder / "policy.yaml").write_text(policy(rules), encoding="ascii")
        (self.folder / "tollgate.yaml").write_text(CONFIG.format(
            policy=self.folder / "policy.yaml", name=tunnel.interface("target"), key=keys["target"][0],
            inner=tunnel.INNER["target"], peer=keys["source"][1], outer=lab_module.SOURCE, other=tunnel.INNER["source"],
            keepalive=keepalive), encoding="ascii")

    def start(self):
        """Does not wait."""
        self.process = self.lab.start(
            "target", self.agent / "tollgated", "--config", self.folder / "tollgate.yaml", "--state-dir",
            self.folder / "state", "--run-dir", self.folder / "run", "--pin-dir", self.lab.pins / "target", "--metrics",
            scrape.METRICS, "--log-level", "error")

    def ask(self, path, body=None, check=True):
        """@param body  a file that is posted"""
        posted = ("-H", "Content-Type: application/json", "--data-binary", f"@{body}") if body else ()
        return lab_module.run("curl", "-sS", "--fail-with-body", "--unix-socket", self.folder / "run/control.sock", *posted,
                              f"http://localhost/v1/{path}", check=check)

    def is_enforcing(self):
        try:
            return json.loads(self.ask("status", check=False))["interfaces"][0]["stage"] == "enforce"
        except (ValueError, KeyError, IndexError):
            return False

    def end(self, number):
        """By a signal, and waits."""
        self.process.send_signal(number)
        self.process.wait()
        self.lab.children.remove(self.process)


def pings(lab, end, *more):
    return lab.inside(end, "ping", "-n", "-q", "-c", "1", "-W", "1", tunnel.INNER[tunnel.OTHER[end]], *more, check=False)


@contextmanager
def protected(agent, **more):
    """@return (lab, Protected), the tunnel being there"""
    program = shutil.which("wireguard-go")
    if program is None:
        raise SystemExit("wireguard-go is not there")
    with tunnel.laboratory(agent) as (lab, keys):
        host = Protected(lab, keys, agent, **more)
        host.start()
        processes.wait_for(host.is_enforcing, 20, "the daemon enforces")
        lab.other = tunnel.start_wireguard_go(program)(lab, "source", None)
        set_up_other(lab, keys)
        processes.wait_for(lambda: "1 received" in pings(lab, "source"), 20, "the tunnel answers")
        try:
            yield lab, host
        finally:
            if host.process.poll() is None:
                lab.stop(host.process)
            # A tunnel of a configuration file stays, on purpose.
            subprocess.run(lab.command("target", "ip", "link", "delete", tunnel.interface("target")), check=False,
                           capture_output=True)


def set_up_other(lab, keys):
    name = tunnel.interface("source")
    tunnel.wait_for(tunnel.Path("/var/run/wireguard") / f"{name}.sock")
    lab.inside("source", "wg", "set", name, "private-key", keys["source"][0], "listen-port", "51820", "peer",
               keys["target"][1], "allowed-ips", f"{tunnel.INNER['target']}/32", "endpoint", f"{lab_module.TARGET}:51820")
    lab.inside("source", "ip", "address", "add", f"{tunnel.INNER['source']}/24", "dev", name)
    lab.inside("source", "ip", "link", "set", name, "up")
