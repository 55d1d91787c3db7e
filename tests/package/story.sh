#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a bare machine to an alert that was answered: the package is installed, the board learns, enforces, and is watched
# by a real Prometheus with the rules of the package. Somebody takes the gate off by force; the alert fires, the commands
# of its runbook are run as they are written, and it ends.
#
#   office 192.0.2.7 ──┐
#   monitor 192.0.2.9 ─┼─ wire ── board 192.0.2.1, eth0: a web page on 8080, a debug console on 2323
#   stranger .66 ──────┘
#
# systemd is not process 1 here: service.py starts what the unit of the package says, for those who say systemctl.
set -euo pipefail
# shellcheck source=tests/package/system.sh
source "$(dirname "$0")/system.sh"
[[ ${1-} == inside ]] || in_own_mounts "$0"
package=$2
here=$(cd "$(dirname "$0")" && pwd)
prometheus=$(dirname "${PROMTOOL:-$(command -v promtool || echo /usr/bin/promtool)}")/prometheus

chapter() { echo "[$SECONDS s] $*"; }
fetches() { on "$1" curl -sS --fail --max-time 1 -o /dev/null "http://$2/" 2>>"$work/curl.log"; }
speaks_telnet() { on stranger timeout 1 bash -c 'exec 3<>/dev/tcp/192.0.2.1/2323' 2>/dev/null; }
# The stranger's, to a socket of the board.
a_datagram_arrives() {
    on board timeout 2 python3 -c 'import socket
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("192.0.2.1", 2323))
receiver.recv(1)' 2>/dev/null &
    local receiver=$!
    until on board ss -Hlun 'sport = :2323' | grep -q .; do kill -0 "$receiver" || return; done
    on stranger bash -c 'echo hello >/dev/udp/192.0.2.1/2323'
    wait "$receiver"
}
ask() { on monitor curl -s --max-time 5 --get "http://127.0.0.1:9090/api/v1/$1" "${@:2}"; }
is_scraped() { ask query --data-urlencode 'query=up == 1' | jq -e '.data.result != []' >/dev/null; }
firing() { ask alerts | jq -r '.data.alerts[] | select(.state == "firing") | .labels.alertname'; }
fires() { firing | grep -qx "$1"; }
is_over() { ! fires "$1"; }

install_the_package() {
    cp "$package" "$system/tmp/tollgate.deb"
    dpkg_does -i /tmp/tollgate.deb || fail "it cannot be installed"
    untouched || fail "installing touches an interface"
    install "$here/service.py" "$system/usr/local/bin/systemctl"
    install "$here/service.py" "$system/usr/local/bin/journalctl"
    printf '#!/bin/sh\nexec "$@"\n' | install /dev/stdin "$system/usr/local/bin/sudo" # we are root
}

start_the_service() {
    board systemctl start tollgated
    ! board systemctl is-active tollgated || fail "it starts without a configuration"
    install -D -m 0644 "$system/usr/share/doc/tollgate/examples/tollgate.yaml" "$system/etc/tollgate/tollgate.yaml"
    sed -i 's/^metrics: .*/metrics: 192.0.2.1:9586/' "$system/etc/tollgate/tollgate.yaml" # the monitor is elsewhere
    board systemctl start tollgated || fail "the service does not start: $(<"$system/var/log/tollgated.service.log")"
    ! board capsh --decode="$(awk '/^CapEff/ { print $2 }' "/proc/$(<"$system/run/tollgated.service.pid")/status")" |
        grep -q sys_admin || fail "it has more rights than its unit says"
}

# As they are shipped, but that nobody wants to wait for a minute.
start_prometheus() {
    sed 's/^\( *for:\) .*/\1 3s/' "$system/usr/share/tollgate/monitoring/rules.yaml" >"$work/rules.yaml"
    cat >"$work/prometheus.yaml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - {job_name: tollgate, static_configs: [{targets: ["192.0.2.1:9586"]}]}
rule_files: [$work/rules.yaml]
YAML
    background monitor "$prometheus" --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" \
        --web.listen-address=127.0.0.1:9090 --log.level=warn
    within 20 is_scraped || fail "Prometheus does not scrape the agent"
}

everyday_traffic() {
    for _ in 1 2 3 4 5; do
        fetches office 192.0.2.1:8080 || fail "learning blocks the page of the board"
        fetches board 192.0.2.7:80 || fail "learning blocks what the board asks for"
    done
}

# With more than a single flow of each; scrapes are learned like everything else.
all_is_learned() {
    board tollgate learn review -o json >"$work/review.json"
    jq -e '[.candidates[] | select(.risk == "low").services[]] | contains(["tcp/8080", "tcp/80", "tcp/9586"])' \
        "$work/review.json" >/dev/null
}

only_what_was_learned() { # passes
    fetches office 192.0.2.1:8080 && fetches board 192.0.2.7:80 && is_scraped && ! speaks_telnet
}

# An intruder with root, before the agent is back.
take_the_gate_off() {
    bpftool link detach pinned "$(find "$system/sys/fs/bpf/tollgate" -path '*/eth0-*/link_ingress')" 2>/dev/null
    on board ip link set dev eth0 xdp obj "$work/pass.o" sec xdp 2>/dev/null
}

# The commands of the page that the alert names, with the interface that it names.
commands_of_the_runbook() {
    ask alerts | jq -r --arg name "$1" '.data.alerts[] | select(.labels.alertname == $name) |
        [.annotations.runbook_url, .labels.interface] | @tsv' | while read -r page interface; do
        awk '/^```/ { on = !on; next } on' "$system/usr/share/doc/tollgate/${page#docs/}" |
            sed "s/INTERFACE/$interface/"
    done
}

follow_the_runbook() {
    local command status
    mapfile -t commands < <(commands_of_the_runbook "$1")
    ((${#commands[@]} >= 6)) || fail "the runbook has ${#commands[@]} commands"
    for command in "${commands[@]}"; do
        [[ $command != *restart* ]] || ! within 20 is_over "$1" || break # "if that was not all": it was
        status=0
        echo "    \$ $command"
        board timeout 30 bash -c "$command" >"$work/answer.log" 2>&1 </dev/null || status=$?
        cat "$work/answer.log" >>"$work/answers.log"
        # 5 is the doctor's, for an interface without its gate.
        [[ $status == 0 || ($status == 5 && $command == *doctor) ]] || fail "'$command' exits with $status"
    done
    grep -q 'program of someone else' "$work/answers.log" || fail "the runbook does not find who has the hook"
}

system_start
for name_address in board=192.0.2.1 office=192.0.2.7 monitor=192.0.2.9 stranger=192.0.2.66; do
    host "${name_address%=*}" "${name_address#*=}/24"
done
background board python3 -m http.server --directory "$work" --bind 192.0.2.1 8080
background board python3 -m http.server --directory "$work" --bind 192.0.2.1 2323
background office python3 -m http.server --directory "$work" --bind 192.0.2.7 80
echo '__attribute__((section("xdp"))) int pass(void *context) { return 2; }' |
    clang -O2 --target=bpf -x c -c -o "$work/pass.o" -
within 5 fetches office 192.0.2.1:8080 || fail "the lab does not work"

chapter "install"
install_the_package
start_the_service

chapter "learn"
start_prometheus
everyday_traffic
within 20 all_is_learned || { cat "$work/review.json" && fail "not all is learned"; }
speaks_telnet || fail "learning blocks"

chapter "enforce"
board tollgate learn approve --all >/dev/null # but what is risky, like the stranger's telnet
board tollgate enforce --confirm-within 2m >/dev/null
board tollgate confirm >/dev/null
only_what_was_learned || fail "the gate is not what was approved"
dropped() { ask query --data-urlencode 'query=tollgate_drops_total{reason="policy_default"} > 0' | jq -e '.data.result != []' >/dev/null; }
! a_datagram_arrives || fail "a stranger's datagram arrives"
within 10 dropped || fail "Prometheus does not see the drop"
! fires TollgateIngressDetached || fail "an alert although the gate is there"

chapter "somebody takes the gate off by force"
within 10 take_the_gate_off || fail "the gate cannot be taken off"
within 10 a_datagram_arrives || fail "it cannot be what the alert says: nothing gets in"
! speaks_telnet || fail "the hook of the way out is gone, too"
within 20 fires TollgateIngressDetached || fail "no alert, but: $(firing)"

chapter "the alert fires; what its runbook says"
follow_the_runbook TollgateIngressDetached

is_over TollgateIngressDetached || fail "the alert does not end"
only_what_was_learned || fail "the gate is not as it was"
within 20 is_over TollgateEgressDetached || fail "the alert of the way out does not end"
fires TollgateDetachedByOthers || fail "no alert tells that it happened: $(firing)"
chapter "the alert is over, and the gate is as it was"

chapter "the service ends when it is asked to; the gate holds"
# Its parts belong to another user, whom it may neither see in /proc nor send signals to.
mapfile -t parts < <(pgrep -P "$(<"$system/run/tollgated.service.pid")" -f -- '^tollgated --role=')
((${#parts[@]} > 0)) || fail "no part of it runs"
board systemctl stop tollgated || fail "it does not end"
! ps -o pid=,args= -p "$(IFS=, && echo "${parts[*]}")" || fail "parts of it are left"
fetches office 192.0.2.1:8080 || fail "what is allowed does not pass without it"
! speaks_telnet || fail "the gate is gone with it"
