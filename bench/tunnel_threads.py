#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""16 TCP streams over several peers, to a tunnel with one thread, with several, and to wireguard-go, in turns.

    sudo bench/tunnel_threads.py AGENT-FOLDER [--threads N]... [--peers N] [--peer NAME=PROGRAM]... [--rounds N]
                                 [--seconds N] [--reverse]

AGENT-FOLDER holds tollgated. The peers are tunnels of one more tollgated, with a thread each, on the same machine: the
figures say something of threads only if it has more cores than the peers' side needs. Both sides enforce a policy.
"""
import argparse
import json
import time
from contextlib import contextmanager
from pathlib import Path

import lab as lab_module
import tunnel

STREAMS = 16
CONFIG = "apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [veth0]\ntunnels:\n"
TUNNEL = "  - {{name: {name}, privateKeyFile: {key}, backend: udp, threads: {threads}}}\n"


def peer_interface(number):
    return f"{tunnel.interface('source')}{number}"


def addresses(number):
    """Inside: of a peer, and of the tunnel that is measured for this peer."""
    return f"10.98.{number}.1", f"10.98.{number}.2"


def start_with_config(lab, end, agent, tunnels):
    """@param tunnels  (name, key file, threads) of each"""
    config = tunnel.state_folder(lab) / f"{end}.yaml"
    config.write_text(CONFIG + "".join(TUNNEL.format(name=name, key=key, threads=threads)
                                       for name, key, threads in tunnels), encoding="utf-8")
    return tunnel.start_daemon(lab, end, agent, "--config", config)


def start_threads(count):
    def start(lab, end, agent):
        return start_with_config(lab, end, agent, [(tunnel.interface(end), tunnel.key_file(lab, end), count)])
    return start


def make_key(lab, name):
    path = tunnel.state_folder(lab) / f"{name}.key"
    path.touch(mode=0o600)
    private = lab.inside("source", "wg", "genkey")
    path.write_text(private, encoding="ascii")
    return path, lab.inside("source", "sh", "-c", f"wg pubkey <{path}").strip()


def join(lab, number, keys, own):
    """Makes a peer and the measured tunnel peers of each other. @param own  the measured tunnel's public key"""
    inner, outer = addresses(number)
    name = peer_interface(number)
    path, public = keys[number]
    port = 51821 + number
    lab.inside("source", "wg", "set", name, "private-key", path, "listen-port", port, "peer", own,
               "allowed-ips", f"{outer}/32", "endpoint", f"{lab_module.TARGET}:51820")
    lab.inside("source", "ip", "address", "add", f"{inner}/24", "dev", name)
    lab.inside("target", "wg", "set", tunnel.interface("target"), "peer", public, "allowed-ips", f"{inner}/32",
               "endpoint", f"{lab_module.SOURCE}:{port}")
    lab.inside("target", "ip", "address", "add", f"{outer}/24", "dev", tunnel.interface("target"))


@contextmanager
def tunnels(lab, start, args, keys, own):
    peers = start_with_config(lab, "source", args.agent,
                              [(peer_interface(number), keys[number][0], 1) for number in range(args.peers)])
    measured = start(lab, "target", args.agent)
    name = tunnel.interface("target")
    tunnel.wait_for(Path("/var/run/wireguard") / f"{name}.sock")
    lab.inside("target", "wg", "set", name, "private-key", own[0], "listen-port", "51820")
    for number in range(args.peers):
        tunnel.wait_for(Path("/var/run/wireguard") / f"{peer_interface(number)}.sock")
        join(lab, number, keys, own[1])
    lab.inside("target", "ip", "link", "set", name, "up")
    for number in range(args.peers):
        lab.inside("source", "ping", "-q", "-c", "2", "-i", "0.2", addresses(number)[1])
    yield measured
    lab.stop(measured)
    lab.stop(peers)
    for number in range(args.peers):
        lab.inside("source", "ip", "link", "delete", peer_interface(number), check=False)
    tunnel.take_away(lab)


def gigabits(lab, args):
    """All streams at once, Gbit/s."""
    servers = [lab.start("target", "iperf3", "--server", "--one-off", "--bind", addresses(number)[1], "--port",
                         tunnel.PORT, stdout=-3) for number in range(args.peers)]
    time.sleep(0.3)
    clients = [lab.start("source", "iperf3", "--client", addresses(number)[1], "--port", tunnel.PORT, "--time",
                         args.seconds, "--json", "-P", STREAMS // args.peers, *(["--reverse"] if args.reverse else []),
                         stdout=-1) for number in range(args.peers)]
    total = sum(json.loads(client.communicate()[0])["end"]["sum_received"]["bits_per_second"] for client in clients)
    for child in servers + clients:
        child.wait()
        lab.children.remove(child)
    return total / 1e9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agent", type=Path)
    parser.add_argument("--threads", type=int, action="append", default=[])
    parser.add_argument("--peers", type=int, default=4)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--reverse", action="store_true")
    args = parser.parse_args()
    others = [name for name in tunnel.implementations(args.peer) if not name.startswith("tollgate")]
    starts = {f"{count} thread{'s'[:count - 1]}": start_threads(count) for count in args.threads or (1, 2)}
    starts |= {name: tunnel.implementations(args.peer)[name] for name in others}
    title = f"TCP, {STREAMS} streams over {args.peers} peers, Gbit/s"
    results = {title: {name: [] for name in starts}}
    with tunnel.laboratory(args.agent) as (lab, _):
        keys = [make_key(lab, f"peer{number}") for number in range(args.peers)]
        own = make_key(lab, "target")
        for number in range(args.rounds):
            for name, start in starts.items():
                with tunnels(lab, start, args, keys, own) as measured:
                    before = tunnel.cpu(measured)
                    results[title][name].append(gigabits(lab, args))
                    used = tunnel.cpu(measured) - before
                    print(f"  round {number + 1}: {name:16} {results[title][name][-1]:8.2f} Gbit/s, "
                          f"{used / args.seconds:.2f} cores", flush=True)
    tunnel.show(results)


if __name__ == "__main__":
    main()
