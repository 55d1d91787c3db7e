#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes an OCI bundle's config.json for a container of a rendered chart, as a kubelet and containerd would.

    oci_config.py OBJECTS CONTAINER --root ROOTFS --netns PATH --cgroup PATH --volumes FOLDER
                  --bpffs FOLDER [--env NAME=VALUE]...

OBJECTS is what `helm template` writes. Everything that limits the container is taken from there: user,
capabilities, read-only root, seccomp, memory; what a kubelet knows comes by --env, as HOST_IP. A volume NAME
is FOLDER/NAME, but for the node's BPF file system and its TUN device. ConfigMaps are laid out as a kubelet
does, with ..data; one that is there already stays.
"""
import argparse
import json
import os
import re
import sys
from pathlib import Path

import yaml

PROFILE = "/usr/share/containers/seccomp.json"
ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
# Devices that every runtime allows; the last is /dev/net/tun, of runc's defaults.
DEVICES = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (10, 200)]
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug",
          "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def seccomp(capabilities):
    """The runtimes' default profile for a container with these capabilities."""
    profile = json.loads(Path(PROFILE).read_text())
    calls = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        arch = ARCHES[os.uname().machine]
        if ((set(includes.get("caps", [])) - capabilities) or arch not in includes.get("arches", [arch]) or
                set(excludes.get("caps", [])) & capabilities):
            continue
        # containerd and moby give bpf(2) to those with CAP_BPF; Debian 12's file is older than that.
        names = [name for name in rule["names"] if not (name == "bpf" and "CAP_BPF" in capabilities)]
        if names:
            call = {"names": names, "action": rule["action"], "args": rule.get("args") or []}
            if rule["action"] == "SCMP_ACT_ERRNO":
                call["errnoRet"] = rule.get("errnoRet", 1)
            calls.append(call)
    if "CAP_BPF" in capabilities:
        calls.append({"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "args": []})
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
            "syscalls": calls}


def expand(text, environment):
    return re.sub(r"\$\((\w+)\)", lambda match: environment.get(match[1], match[0]), text)


def lay_out(folder, data):
    """A ConfigMap's volume, as the kubelet makes it."""
    if (folder / "..data").exists():
        return
    (folder / "..1").mkdir(parents=True)
    (folder / "..data").symlink_to("..1")
    for name, text in data.items():
        (folder / "..1" / name).write_text(text)
        (folder / name).symlink_to(f"..data/{name}")


def mounts_of(container, pod, objects, given):
    data = {item["metadata"]["name"]: item["data"] for item in objects if item["kind"] == "ConfigMap"}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        host = volume.get("hostPath", {}).get("path", "")
        source = {"/sys/fs/bpf": given.bpffs, "/dev/net/tun": Path(host)}.get(host, given.volumes / mount["name"])
        if "configMap" in volume:
            lay_out(source, data[volume["configMap"]["name"]])
        elif "secret" in volume:
            source = source / mount["subPath"]
        elif host != "/dev/net/tun":
            source.mkdir(parents=True, exist_ok=True)
        mode = "ro" if mount.get("readOnly") else "rw"
        propagation = "rslave" if mount.get("mountPropagation") == "HostToContainer" else "rprivate"
        yield {"destination": mount["mountPath"], "type": "bind", "source": str(source),
               "options": ["rbind", propagation, mode]}


def process_of(container, environment):
    context = container["securityContext"]
    if context["privileged"] or context["capabilities"]["drop"] != ["ALL"]:
        sys.exit("the security context is not what this file can translate")
    capabilities = ["CAP_" + name for name in context["capabilities"]["add"]]
    for item in container.get("env", []):
        if "value" in item:
            environment[item["name"]] = item["value"]
    return {
        "terminal": False,
        "user": {"uid": context["runAsUser"], "gid": context["runAsGroup"]},
        "args": container["command"] + [expand(argument, environment) for argument in container.get("args", [])],
        "env": [f"{name}={value}" for name, value in environment.items()],
        "cwd": "/",
        "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")},
        # What container runtimes give, and no more: the kernel's default.
        "rlimits": [{"type": "RLIMIT_MEMLOCK", "soft": 65536, "hard": 65536}],
        "noNewPrivileges": not context["allowPrivilegeEscalation"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("objects")
    parser.add_argument("container")
    parser.add_argument("--root", required=True)
    parser.add_argument("--netns", required=True)
    parser.add_argument("--cgroup", required=True)
    parser.add_argument("--volumes", required=True, type=Path)
    parser.add_argument("--bpffs", required=True, type=Path)
    parser.add_argument("--env", action="append", default=[])
    given = parser.parse_args()
    objects = [item for item in yaml.safe_load_all(Path(given.objects).read_text()) if item]
    pod = next(item for item in objects if item["kind"] == "DaemonSet")["spec"]["template"]["spec"]
    container = next(item for item in pod["containers"] + pod.get("initContainers", [])
                     if item["name"] == given.container)
    environment = {"PATH": "/usr/sbin:/usr/bin"} | dict(item.split("=", 1) for item in given.env)
    process = process_of(container, environment)
    capabilities = set(process["capabilities"]["bounding"])
    memory = int(container["resources"]["limits"]["memory"].removesuffix("Mi")) << 20
    json.dump({
        "ociVersion": "1.0.2",
        "process": process,
        "root": {"path": given.root, "readonly": container["securityContext"]["readOnlyRootFilesystem"]},
        "hostname": "node",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
            *mounts_of(container, pod, objects, given),
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts")] +
                          [{"type": "network", "path": given.netns}],
            "cgroupsPath": given.cgroup,
            "resources": {
                "memory": {"limit": memory},
                "devices": [{"allow": False, "access": "rwm"}] +
                           [{"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
                            for major, minor in DEVICES],
            },
            "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY,
            "seccomp": seccomp(capabilities),
        },
    }, sys.stdout, indent=1)


main()
