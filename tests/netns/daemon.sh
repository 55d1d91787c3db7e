# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The daemon in a lab of lib.sh: source it after lib.sh, then
#
#     daemon_start [FLAGS...]   on the host `device`, for its eth0; waits until it answers
#     daemon_kill [SIGNAL]      ends it and waits for that
#     reboot_data_path          what a reboot leaves: no pins, the same state folder
#     api PATH [BODY]           asks the control socket; a body makes it a POST; fails on an error
#     refused PATH BODY         the code of the error that it answers with
#
# Metrics are off, unless $metrics names an address. Its state, run and pin folders are $lab/state, $lab/run and $pins, its log is $lab/tollgated.log.
# shellcheck disable=SC2154 # $lab, $pins and $background_process are set by lib.sh
bin=${TOLLGATE_BIN:?the folder of the programs}

daemon_start() {
    background device "$bin/tollgated" --interface eth0 --state-dir "$lab/state" \
        --run-dir "$lab/run" --pin-dir "$pins" --metrics "${metrics:-off}" "$@" 2>>"$lab/tollgated.log"
    daemon=$background_process
    until_true 60 api status >/dev/null 2>&1 || {
        cat "$lab/tollgated.log"
        fail "the daemon does not answer"
    }
}

daemon_kill() {
    kill "-${1:-TERM}" "$daemon" 2>/dev/null
    until_true 20 daemon_is_gone || fail "the daemon does not end"
}

# Also true of a zombie, which nobody waits for, once it has no thread left.
daemon_is_gone() {
    local state
    state=$(ps -o stat= -p "$daemon") || return 0
    [[ $state == Z* && $state != *l* ]]
}

reboot_data_path() {
    ip -n "tg-device-$$" link set eth0 xdp off 2>/dev/null || true
    lab_remove_pins
}

api() {
    local path=$1 body=()
    [[ -z ${2:-} ]] || body=(-d "$2")
    curl -sS --fail-with-body --unix-socket "$lab/run/control.sock" "${body[@]}" "http://localhost/v1/$path"
}

refused() {
    curl -sS --unix-socket "$lab/run/control.sock" -d "$2" "http://localhost/v1/$1" | jq -r .error.code
}

stage() {
    api status | jq -r '.interfaces[0].stage'
}

# A TCP server on a host: it answers each connection with "hello" and goes on. serve HOST ADDRESS PORT
serve() {
    background "$1" python3 -c '
import socketserver, sys
class Hello(socketserver.BaseRequestHandler):
    def handle(self): self.request.sendall(b"hello")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), Hello).serve_forever()' "$2" "$3"
    until_true 10 listens "$1" "$3" || fail "nobody listens on port $3"
}

listens() {
    on "$1" ss -Hltn "sport = :$2" | grep -q .
}

# True if a host gets an answer. reaches HOST ADDRESS PORT
reaches() {
    on "$1" python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3]))
sys.exit(s.recv(16) != b"hello")' "$2" "$3" "${LAB_ANSWER_SECONDS:-1.5}" 2>/dev/null
}
