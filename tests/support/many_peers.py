#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Configurations of a tunnel with many peers.

    many_peers.py COUNT FOLDER TUNNEL

FOLDER has TUNNEL.key. Writes wg.conf for wg(8), tollgate.yaml for tollgated on eth0, and what `wg show TUNNEL
allowed-ips` has to say then: expected.
"""
import base64
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def public_key():
    raw = X25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def main():
    count, folder, name = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    key_file = folder / f"{name}.key"
    keys = [public_key() for _ in range(count)]
    inner = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32" for i in range(count)]
    wg = [f"[Interface]\nPrivateKey = {key_file.read_text(encoding='ascii')}ListenPort = 51820\n"]
    yaml = ["apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\ntunnels:\n"
            f"  - name: {name}\n    privateKeyFile: {key_file}\n    listenPort: 51820\n"
            "    addresses: [10.255.0.1/8]\n    peers:\n"]
    for i in range(count):
        wg.append(f"[Peer]\nPublicKey = {keys[i]}\nAllowedIPs = {inner[i]}\nEndpoint = 192.0.2.1:{1000 + i}\n")
        yaml.append(f"      - name: p{i}\n        publicKey: '{keys[i]}'\n        allowedIPs: [{inner[i]}]\n")
    expected = [f"{key}\t{prefix}\n" for key, prefix in zip(keys, inner)]
    for path, parts in (("wg.conf", wg), ("tollgate.yaml", yaml), ("expected", expected)):
        (folder / path).touch(mode=0o600)
        (folder / path).write_text("".join(parts), encoding="ascii")


if __name__ == "__main__":
    main()
