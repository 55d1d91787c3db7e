# SPDX-License-Identifier: MIT
"""Memory of the daemon: idle, and with a full table of flows in the kernel."""
import json
import subprocess
import time
from pathlib import Path

import lab as lab_module
import processes

FLOWS = 262144
CONFIG = f"""apiVersion: tollgate/v1
kind: Agent
interfaces: [veth0]
tables: {{flows: {FLOWS}}}
"""


def kernel_mib(lab, name="*"):
    """What the pinned maps and programs account for, or those of one name."""
    total = 0
    for pin in lab.pins.rglob(name):
        for kind in ("map", "prog"):
            shown = subprocess.run(["bpftool", "-j", kind, "show", "pinned", str(pin)],
                                   capture_output=True, text=True, check=False)
            if shown.returncode == 0 and shown.stdout:
                total += json.loads(shown.stdout).get("bytes_memlock", 0)
    return total / (1 << 20)


def flows_in_use(tollgate, lab):
    status = json.loads(lab.inside("target", *tollgate, "status", "-o", "json"))
    return next(table["used"] for table in status["tables"] if table["table"] == "flows")


def measure(programs, agent):
    """In the stage learn, where every flow that the target answers makes an entry."""
    with lab_module.Lab() as lab:
        work = Path(lab_module.run("mktemp", "-d").strip())
        (work / "tollgate.yaml").write_text(CONFIG, encoding="utf-8")
        daemon = lab.start("target", agent / "tollgated", "--config", work / "tollgate.yaml", "--state-dir",
                           work / "state", "--run-dir", work / "run", "--pin-dir", lab.pins, "--metrics", "off",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tollgate = (agent / "tollgate", "--socket", work / "run/control.sock")
        time.sleep(3)
        idle = processes.family_memory(daemon.pid)
        # The target opens the flows: those go straight to the table.
        lab.inside("target", "python3", Path(__file__).with_name("open_flows.py"), lab_module.SOURCE, FLOWS)
        time.sleep(3)
        figures = {"idle_mib": idle, "busy_mib": processes.family_memory(daemon.pid),
                   "flows": flows_in_use(tollgate, lab), "kernel_mib": kernel_mib(lab),
                   "flows_mib": kernel_mib(lab, "flows")}
        lab.stop(daemon)
        lab_module.run("rm", "-rf", work)
    print(f"  {figures}", flush=True)
    return figures
