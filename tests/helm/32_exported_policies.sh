#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `tollgate policy export k8s` and `cilium` write has the fields, and only the fields, that Kubernetes and
# Cilium define, for every example and for a policy with all that they can say. That the check can fail is
# tried first.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools
bin=${TOLLGATE_BIN:-$root/build/dev/agent}

cat >"$work/rich.yaml" <<'POLICY'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: rich}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  groups:
    office: {cidr: [192.0.2.0/24, 198.51.100.7, "2001:db8::/32"]}
    vendor: {fqdn: [updates.example.com, "*.cdn.example.com"]}
  failsafe:
    - {name: ssh, direction: ingress, remote: [office], ports: [tcp/22]}
  allow:
    - {name: web, direction: ingress, ports: [tcp/80, tcp/443, udp/8000-8099]}
    - {name: anybody, direction: ingress, remote: [office], protocols: [any]}
    - {name: ping, direction: ingress, protocols: [icmp/echo-request, icmpv6/128, icmp/13-14]}
    - {name: signalling, direction: ingress, remote: [office], protocols: [sctp]}
    - {name: dns, direction: egress, remote: [192.0.2.53], ports: [udp/53, tcp/53]}
    - {name: updates, direction: egress, remote: [vendor], ports: [tcp/443], limit: {newFlows: 10/m}}
    - {name: ntp, direction: egress, remote: ["2001:db8::123"], ports: [udp/123]}
  deny:
    - {name: no-telnet, direction: ingress, ports: [tcp/23], log: true}
    - {name: no-mail, direction: egress, remote: [198.51.100.0/24], ports: [tcp/25]}
POLICY
exported() { # FORMAT POLICY: the name of the file
    local file
    file=$work/$1-$(basename "$2")
    "$bin/tollgate" policy export "$1" "$2" -o "$file" >"$work/export" 2>&1 || { cat "$work/export" >&2; fail "$2 is no $1"; }
    echo "$file"
}

manifest=$(exported k8s "$work/rich.yaml")
finds_mistakes "$manifest" 's/endPort:/lastPort:/' 's/endPort: 8099/endPort: "8099"/' \
    's/ipBlock:/ipBlocks:/' 's/cidr: .*/cidr: 7/' 's/podSelector:/podSelectors:/' 's/policyTypes:/types:/' 's/^  egress:/  outgoing:/' \
    's/kind: NetworkPolicy/kind: NetworkPolicies/'
manifest=$(exported cilium "$work/rich.yaml")
finds_mistakes "$manifest" 's/endPort:/lastPort:/' 's/port: "22"/port: 22/' 's/protocol: TCP/protocol: ALL/' \
    's/toFQDNs:/toFQDN:/' 's/matchPattern:/pattern:/' 's/fromCIDR:/fromCidr:/' 's/family: IPv4/family: IPv5/' \
    's/enableDefaultDeny:/defaultDeny:/' 's/ingressDeny:/denyIngress:/' 's/endpointSelector:/podSelector:/'

files=()
for policy in "$root"/examples/policies/*.yaml; do
    files+=("$(exported cilium "$policy")")
    # A NetworkPolicy has nothing to say where everything passes by default.
    grep -q 'default: {ingress: pass, egress: pass}' "$policy" || files+=("$(exported k8s "$policy")")
done
((${#files[@]} >= 25)) || fail "only ${#files[@]} manifests"
check_types "${files[@]}"
