#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Unpacks this machine's image of an OCI image layout: unpack_image.py LAYOUT FOLDER. Every digest is checked."""
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def blob(layout, descriptor):
    algorithm, digest = descriptor["digest"].split(":")
    content = (layout / "blobs" / algorithm / digest).read_bytes()
    if hashlib.new(algorithm, content).hexdigest() != digest or len(content) != descriptor["size"]:
        sys.exit(f"the blob {digest} is not what its name says")
    return content


def main(layout, folder):
    index = json.loads((layout / "index.json").read_text())
    index = json.loads(blob(layout, index["manifests"][0]))
    architecture = ARCHITECTURES[os.uname().machine]
    descriptor = next(item for item in index["manifests"] if item["platform"]["architecture"] == architecture)
    manifest = json.loads(blob(layout, descriptor))
    folder.mkdir(parents=True)
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(blob(layout, layer))) as archive:
            archive.extractall(folder)
    print(json.dumps(json.loads(blob(layout, manifest["config"]))["config"]))


main(Path(sys.argv[1]), Path(sys.argv[2]))
