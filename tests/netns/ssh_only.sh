# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A device with two services and a gate for one of them: source it after daemon.sh, then
#
#     ssh_only_start     hosts device (192.0.2.10: ports 22 and 23 answer) and router (192.0.2.1), and $lab/policy.yaml,
#                        which enforces that only port 22 comes in, and nothing goes out
#     holds WHEN         what is allowed passes, what is forbidden does not
# shellcheck disable=SC2154 # $lab is set by lib.sh
ssh_only_start() {
    host device && host router
    wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
    serve device 192.0.2.10 22
    serve device 192.0.2.10 23
    cat >"$lab/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: ssh-only}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: ssh, direction: ingress, ports: [tcp/22]}
YAML
}

holds() {
    reaches router 192.0.2.10 22 || fail "$1: what is allowed does not pass"
    ! reaches router 192.0.2.10 23 || fail "$1: what is forbidden passes"
}
