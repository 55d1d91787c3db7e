#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# values.schema.json refuses what is misspelt, ill-typed or out of range; the chart refuses values that do
# not go together. Each is refused by its name, by Helm 3 and Helm 4.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

# refused WHAT-IT-SAYS --set ARGUMENT...
refused() {
    local expected=$1 helm
    shift
    for helm in helm3 helm4; do
        if "$tools/$helm" template gate "$chart" "$@" >"$work/out" 2>&1; then
            fail "$helm takes $*"
        fi
        grep -qF "$expected" "$work/out" || { cat "$work/out"; fail "$helm: $* is not refused for '$expected'"; }
    done
    cases=$((cases + 1))
}
cases=0

refused modus --set modus=learn
refused mode --set mode=Enforce
refused interfaces --set 'interfaces='
refused interfaces --set 'interfaces={}'
refused interfaces --set interfaces=eth0
refused xdpMode --set xdpMode=fast
refused tga --set image.tga=1
refused digest --set image.digest=sha256:1234
refused pullPolicy --set image.pullPolicy=Sometimes
refused port --set metrics.port=0
refused port --set metrics.port=65536
refused port --set-string metrics.port=9586
refused enabled --set-string podMonitor.enabled=yes
refused interval --set podMonitor.interval=soon
refused cni --set failsafe.kubernetes.cni=weave
refused places --set 'policy.reach.places={api.example.com:443}'
refused ingress --set policy.default.ingress=allow
refused allow --set 'policy.allow[0].name=a' --set 'policy.allow[0].direction=ingress'
refused allow --set 'policy.allow[0].name=a' --set 'policy.allow[0].direction=in' --set 'policy.allow[0].ports={tcp/1}'
refused allow --set 'policy.allow[0].name=a' --set 'policy.allow[0].direction=ingress' --set 'policy.allow[0].ports={1}'
refused failsave --set 'policy.failsave={}'
refused stateHostPath --set stateHostPath=var
refused securityContext --set securityContext.privileged=true
refused detach --set-string detach=true
refused tunnels --set tunnel.existingSecret=keys --set 'tunnel.tunnels[0].name=wg0' --set 'tunnel.tunnels[0].privateKeyFile=/x'

refused flowLog --set flowLog.enable=true
refused interval --set flowLog.interval=4
refused events --set 'flowLog.events={all}'
refused sinks --set-json 'flowLog.sinks=[]'
refused sinks --set 'flowLog.sinks[0].type=journal'
refused sinks --set 'flowLog.sinks[0].type=syslog'
refused sinks --set 'flowLog.sinks[0].type=http'
refused sinks --set 'flowLog.sinks[0].type=http' --set 'flowLog.sinks[0].url=http://a.example/' --set 'flowLog.sinks[0].tokenFile=/x'
refused sinks --set 'flowLog.sinks[0].type=http' --set 'flowLog.sinks[0].url=http://a.example/' --set 'flowLog.sinks[0].spoolFolder=/tmp'
refused flowLog.http --set flowLog.enabled=true --set flowLog.http.tokenSecret.name=collector
refused caConfigMap --set flowLog.enabled=true --set 'flowLog.sinks[0].type=http' --set 'flowLog.sinks[0].url=https://a.example/'
refused tunnel.existingSecret --set 'tunnel.tunnels[0].name=wg0'
refused service.enabled --set serviceMonitor.enabled=true
refused metrics.enabled --set metrics.enabled=false --set podMonitor.enabled=true
refused existingConfigMap --set policy.existingConfigMap=mine --set policy.baseline.lldp=true
refused existingConfigMap --set policy.existingConfigMap=mine --set mode=enforce
refused metrics.allowFrom --set policy.existingConfigMap=mine --set 'metrics.allowFrom={10.0.7.0/24}'
refused failsafe.kubernetes --set policy.existingConfigMap=mine --set 'failsafe.kubernetes.remotes={10.0.0.0/16}'
refused failsafe.kubernetes --set policy.existingConfigMap=mine --set failsafe.kubernetes.cni=cilium
echo "$cases cases refused"
