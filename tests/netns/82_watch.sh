#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tollgate watch` in a terminal, with a real daemon and traffic: rows appear, keys do what they should, the size may
# change, the agent may go and come back, and the terminal is as it was afterwards.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
cat >"$lab/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: talk, direction: ingress, ports: [tcp/7777]}
    - {name: ping, direction: ingress, protocols: [icmp/echo-request]}
YAML
daemon_start --policy "$lab/policy.yaml"
background device python3 -c '
import socketserver
class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096): self.request.sendall(data * 10)
socketserver.ThreadingTCPServer(("192.0.2.10", 7777), Talk).serve_forever()'
until_true 10 listens device 7777
background router python3 -c '
import socket, time
s = socket.create_connection(("192.0.2.10", 7777))
while True: s.sendall(b"x" * 1000); s.recv(1 << 16); time.sleep(0.05)'
background router ping -i 0.2 192.0.2.10 >/dev/null
background router bash -c 'while sleep 0.2; do echo >/dev/udp/192.0.2.10/9; done'

terminal() { tmux -S "$lab/tmux" -f /dev/null "$@"; }
screen() { terminal capture-pane -p -t watch; }
press() { terminal send-keys -t watch "$@"; }
shows() { until_true 15 eval "screen | grep -qE -- '$1'" || fail "the screen has no '$1': $(screen)"; }
shows_no() { until_true 15 eval "! screen | grep -qE -- '$1'" || fail "the screen has '$1': $(screen)"; }
terminal new-session -d -s watch -x 100 -y 24 "env -u NO_COLOR LC_ALL=C.UTF-8 bash --norc"
lab_processes+=("$(terminal display-message -p '#{pid}')")
press "PS1='ready> '; stty -g >'$lab/before'; '$bin/tollgate' --socket '$lab/run/control.sock' watch --interval 0.3; echo exit \$?; stty -g >'$lab/after'" Enter

# Rows, with rates and rules.
shows 'policy lab, generation'
shows 'stage eth0 enforce'
shows 'tcp/7777 .*192\.0\.2\.1:[0-9]+ +talk .*kB/s'
shows 'icmp.* ping '
# Sorting, filter, details, pause, help.
press s
shows 'sorted by DIR'
press '/' 7777 Enter
shows 'flows \(1\)'
shows_no ' ping '
press d
shows 'rule +talk'
press d Escape
shows 'flows \([2-9]'
press p
shows 'PAUSED'
frozen=$(screen)
sleep 1
[[ $(screen) == "$frozen" ]] || fail "paused, it goes on"
press p '?'
shows 'sort by the next column'
press x Tab
shows 'policy_default +in +eth0 +DROP'
press Tab
shows '192\.0\.2\.1 +udp/9 +policy_default'
press Tab
shows 'tunnel peers \(0\)'
press Tab
# Another size.
terminal resize-window -t watch -x 60 -y 12
until_true 15 eval '(($(screen | wc -l) == 12))' || fail "it has not 12 lines: $(screen)"
shows 'tcp/7777'
terminal resize-window -t watch -x 160 -y 40
shows 'IDLE'
# The agent goes, and comes back.
daemon_kill KILL
shows 'agent not reachable, trying again'
shows 'tcp/7777'
daemon_start
shows_no 'not reachable'
shows 'stage eth0 enforce'
# A change that waits.
api audit '{"confirmWithin":60}' >/dev/null
shows 'PENDING audit reverts at [0-9:]+, in [0-9a-z ]+, unless: tollgate confirm'
press q
shows 'exit 0'
until_true 5 cmp -s "$lab/before" "$lab/after" || fail "the terminal is not as it was"
# A signal gives the terminal back, too.
press "clear; '$bin/tollgate' --socket '$lab/run/control.sock' watch; echo exit \$?; stty -g >'$lab/after'" Enter
shows 'stage eth0'
kill -TERM "$(pgrep -f "^$bin/tollgate --socket $lab/run/control.sock watch")"
shows 'exit 0'
until_true 5 cmp -s "$lab/before" "$lab/after" || fail "after a signal the terminal is not as it was"
# No terminal, no colours.
code=0
"$bin/tollgate" watch >/dev/null 2>"$lab/err" </dev/null || code=$?
[[ $code == 1 && $(<"$lab/err") == *'needs a terminal'* ]] || fail "into a pipe it exits with $code: $(<"$lab/err")"
press "clear; TERM=dumb '$bin/tollgate' watch; echo exit \$?" Enter
shows 'cannot be drawn on \(TERM=dumb\)'
shows 'exit 1'
press "clear; NO_COLOR=1 '$bin/tollgate' --socket '$lab/run/control.sock' watch" Enter
shows 'stage eth0'
! terminal capture-pane -p -e -t watch | grep -q $'\033\[3[0-7]' || fail "colours in spite of NO_COLOR"
press q
shows 'ready>'
