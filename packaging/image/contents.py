#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out the root file system of the container image, without a package manager and without a shell.

    contents.py BUILD ROOT VERSION

BUILD is a build folder of CMake, ROOT a folder that is made. In it are the two programs, the shared
libraries that they need, as Debian has them, with their copyright files, and a list of all that:
usr/share/tollgate/sbom.cdx.json (CycloneDX 1.6, from dpkg's data). Libraries of another architecture are those
that tools/cross has unpacked, with its dpkg data. Prints what OCI calls the architecture: amd64, arm64 or arm.
The same inputs and SOURCE_DATE_EPOCH give the same bytes.
"""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
# By machine of the ELF header: what OCI, dpkg and the linker call it.
ARCHITECTURES = {
    62: ("amd64", "amd64", "x86_64-linux-gnu"),
    183: ("arm64", "arm64", "aarch64-linux-gnu"),
    40: ("arm", "armhf", "arm-linux-gnueabihf"),
}
PROGRAMS = {"agent/tollgated": "usr/sbin/tollgated", "agent/tollgate": "usr/bin/tollgate"}
FILES = {
    "LICENSE": "usr/share/doc/tollgate/LICENSE",
    "docs/policy.schema.json": "usr/share/tollgate/schema/policy-v1.json",
}
# Places of mounts, as the root file system is read-only.
FOLDERS = [
    "dev", "proc", "sys", "tmp", "run/tollgate", "run/wireguard", "var/lib/tollgate",
    "etc/tollgate/config", "etc/tollgate/policy", "etc/tollgate/keys",
]
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
LINKS = {"var/run": "../run", "lib": "usr/lib", "lib64": "usr/lib64", "bin": "usr/bin", "sbin": "usr/sbin"}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def machine_of(program):
    with open(program, "rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF":
        sys.exit(f"{program} is no ELF file")
    return struct.unpack_from("<H", header, 18)[0]


def system_of(debian):
    """The folder with Debian's files of this architecture. dpkg-query answers for it from here on."""
    if debian == run("dpkg", "--print-architecture").strip():
        return Path("/")
    folder = SOURCE / "build/cross" / debian
    os.environ["DPKG_ADMINDIR"] = str(folder / "dpkg")
    return folder / "sysroot"


class Libraries:
    """Shared libraries by name, where Debian has them."""

    def __init__(self, system, triplet):
        self.folders = [system / folder / triplet for folder in ("usr/lib", "lib")]
        self.found = {}

    def find(self, name):
        for folder in self.folders:
            if (folder / name).exists():
                return folder / name
        sys.exit(f"{name} is in none of {', '.join(map(str, self.folders))}")

    def add_needs_of(self, file):
        dynamic = run("readelf", "--wide", "--dynamic", str(file))
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
            if name not in self.found:
                self.found[name] = self.find(name)
                self.add_needs_of(self.found[name])


def interpreter_of(program):
    return re.search(r"interpreter: (/[^\]]+)\]", run("readelf", "--wide", "--segments", str(program))).group(1)


def package_of(file, system):
    """The Debian package of a file, which dpkg may know by its name before or after the merge of /usr."""
    real = Path(os.path.realpath(file))
    merged = system / str(real.relative_to(system)).removeprefix("usr/")
    for name in map(str, (real, merged, file)):
        found = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(",")[0]
    sys.exit(f"{file} belongs to no Debian package")


def copy(source, target, mode):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def component_of(package, files, root):
    query = run("dpkg-query", "--show", "--showformat=${Package}\t${Version}\t${Architecture}\t${source:Package}\t"
                "${source:Version}\t${Maintainer}", package)
    name, version, architecture, source, source_version, maintainer = query.split("\t")
    purl_version = version.replace("+", "%2B").replace(":", "%3A").replace("~", "~")
    properties = [{"name": "debian:source", "value": f"{source} {source_version}"}]
    properties += [{"name": "tollgate:file", "value": f"/{file.relative_to(root)} sha256:{digest(file)}"}
                   for file in sorted(files)]
    return {
        "type": "library",
        "bom-ref": f"deb/{name}",
        "supplier": {"name": re.sub(r" *<.*", "", maintainer)},
        "name": name,
        "version": version,
        "purl": f"pkg:deb/debian/{name}@{purl_version}?arch={architecture}&distro=debian-12",
        "properties": properties,
    }


def bill_of_materials(root, version, packages):
    components = [component_of(package, files, root) for package, files in sorted(packages.items())]
    programs = [root / target for target in PROGRAMS.values()]
    moment = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), timezone.utc)
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "tollgate",
                "name": "tollgate",
                "version": version,
                "licenses": [{"license": {"id": "MIT"}}],
                "properties": [{"name": "tollgate:file", "value": f"/{file.relative_to(root)} sha256:{digest(file)}"}
                               for file in programs],
            },
        },
        "components": components,
        "dependencies": [{"ref": "tollgate", "dependsOn": [item["bom-ref"] for item in components]}],
    }
    content = hashlib.sha256(json.dumps(bom, sort_keys=True).encode()).digest()
    bom["serialNumber"] = f"urn:uuid:{uuid.UUID(bytes=content[:16], version=4)}"
    return json.dumps(bom, indent=2) + "\n"


def main(build, root, version):
    build, root = Path(build), Path(root)
    oci, debian, triplet = ARCHITECTURES[machine_of(build / "agent/tollgated")]
    system = system_of(debian)
    root.mkdir(parents=True)
    root.chmod(0o755)
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for link, target in LINKS.items():
        (root / link).symlink_to(target)
    for path, text in TEXTS.items():
        (root / path).write_text(text)
        (root / path).chmod(0o644)
    for source, target in FILES.items():
        copy(SOURCE / source, root / target, 0o644)

    libraries = Libraries(system, triplet)
    for source, target in PROGRAMS.items():
        copy(build / source, root / target, 0o755)
        run(f"{triplet}-strip", str(root / target))
        libraries.add_needs_of(build / source)
    packages = {}
    for name, file in libraries.found.items():
        target = root / "usr/lib" / triplet / name
        copy(file, target, 0o755)
        packages.setdefault(package_of(file, system), []).append(target)
    interpreter = interpreter_of(build / "agent/tollgated").lstrip("/")
    copy(system / interpreter, root / "usr" / interpreter, 0o755)
    for package in packages:
        name = package.split(":")[0]
        copy(system / "usr/share/doc" / name / "copyright", root / "usr/share/doc" / name / "copyright", 0o644)
    sbom = root / "usr/share/tollgate/sbom.cdx.json"
    sbom.write_text(bill_of_materials(root, version, packages))
    sbom.chmod(0o644)
    print(oci)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
