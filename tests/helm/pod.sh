# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A node in a namespace and the pod of the chart on it, run by runc: source it after lib.sh, then
#
#     pod_lab                          needs root; the image, and the hosts `node` and `control`
#     rendered FILE [ARGUMENT...]      the chart for this node, in $lab/FILE
#     start NAME OBJECTS CONTAINER     runs a container of it; its log is $lab/NAME.log
#     inside NAME COMMAND...           runs a program in it
#     probe PATH, ready                what the kubelet sees
#     state NAME, stopped NAME         what runc says
#     swap OBJECTS                     what the kubelet does when the ConfigMap of the policy has changed
#     serve HOST ADDRESS PORT          a TCP server that says "hello"
#
#   node eth0 192.0.2.10 ── 192.0.2.1 eth0 control, the default router, and the API server on port 6443
#
# Folders of volumes are in $lab/volumes; the BPF file system is the lab's own.
# shellcheck disable=SC2154 # variables of lib.sh and of tests/netns/lib.sh
source "$root/tests/netns/lib.sh"
bin=${TOLLGATE_BIN:-$root/build/dev/agent}

containers=()
finish() {
    local status=$? name
    set +e
    for name in "${containers[@]}"; do
        runc --root "$lab/runc" delete --force "$name" 2>/dev/null
    done
    umount "$lab/bpf" 2>/dev/null # with all pins
    rm -rf "$work"
    (exit "$status")
    lab_end
}

pod_lab() {
    lab_start
    trap finish EXIT
    helm_tools
    command -v runc >/dev/null || fail "needs the package runc"
    "$root/tools/image" --output "$lab/image" "$(dirname "$bin")" >"$lab/image.log"
    "$here/unpack_image.py" "$lab/image" "$lab/rootfs" >"$lab/image.json"
    host node && host control
    wire node eth0 192.0.2.10/24 control eth0 192.0.2.1/24
    ip -n "tg-node-$$" route add default via 192.0.2.1
    mkdir "$lab/bpf"
    mount -t bpf bpf "$lab/bpf"
    serve control 192.0.2.1 6443
}

# rendered FILE [ARGUMENT...]: the chart for this node.
rendered() {
    local file=$1
    shift
    "$tools/helm4" template gate "$chart" --namespace security "$@" >"$lab/$file"
}

# start NAME OBJECTS CONTAINER: runs it; its log is $lab/NAME.log.
start() {
    mkdir -p "$lab/bundle-$1"
    "$here/oci_config.py" "$lab/$2" "$3" --root "$lab/rootfs" --netns "/run/netns/tg-node-$$" \
        --cgroup "/tollgate-chart-$$-$1" --volumes "$lab/volumes" --env HOST_IP=192.0.2.10 \
        --env KUBERNETES_SERVICE_HOST=192.0.2.1 --env KUBERNETES_SERVICE_PORT=6443 --bpffs "$lab/bpf" \
        >"$lab/bundle-$1/config.json"
    containers+=("$1")
    runc --root "$lab/runc" run --detach --bundle "$lab/bundle-$1" "$1" </dev/null >"$lab/$1.log" 2>&1 ||
        { cat "$lab/$1.log"; fail "$1 does not start"; }
}

inside() { # NAME COMMAND...: in a running container
    runc --root "$lab/runc" exec "$@"
}
state() { runc --root "$lab/runc" state "$1" | jq -r .status; }
probe() { # PATH: from the node itself, as the kubelet does
    on node curl -sS -o /dev/null -w '%{http_code}' --max-time 3 "http://192.0.2.10:9586$1"
}
ready() { [[ $(probe /readyz 2>/dev/null) == 200 ]]; }
stopped() { [[ $(state "$1") == stopped ]]; }
serve() { # HOST ADDRESS PORT
    background "$1" python3 -c '
import socketserver, sys
class Hello(socketserver.BaseRequestHandler):
    def handle(self): self.request.sendall(b"hello")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), Hello).serve_forever()' "$2" "$3"
}

# swap OBJECTS: what the kubelet does when the ConfigMap of the policy has changed.
version=1
swap() {
    version=$((version + 1))
    mkdir "$lab/volumes/policy/..$version"
    python3 -c '
import sys, yaml
for item in yaml.safe_load_all(open(sys.argv[1])):
    if item and item["kind"] == "ConfigMap" and "policy.yaml" in item["data"]:
        print(item["data"]["policy.yaml"], end="")' "$1" >"$lab/volumes/policy/..$version/policy.yaml"
    ln -s "..$version" "$lab/volumes/policy/..data_tmp"
    mv -T "$lab/volumes/policy/..data_tmp" "$lab/volumes/policy/..data"
}
