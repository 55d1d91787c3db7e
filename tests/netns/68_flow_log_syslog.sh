#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A stock syslog daemon (rsyslogd) gets 1000 records on a socket as /dev/log is, over UDP and over TCP, and
# takes their JSON apart: what it then writes is, field by field, what the file sink writes of the same
# records. Among them are names with quotes, line breaks and letters that are not ASCII, and, where no
# datagram over a network limits it, one of 20,000 bytes.
#
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/readers.sh
source "$(dirname "$0")/readers.sh"
lab_start
stock_reader rsyslog usr/sbin/rsyslogd
count=1000

host device
cat >"$lab/rsyslog.conf" <<EOF
global(workDirectory="$lab" maxMessageSize="64k")
module(load="imuxsock" sysSock.use="off")
module(load="imudp")
module(load="imtcp")
module(load="mmjsonparse")
template(name="file" type="string" string="$lab/%inputname%.jsonl")
template(name="line" type="list") {
    constant(value="{")
    property(outname="app" name="app-name" format="jsonf")
    constant(value=",")
    property(outname="process" name="procid" format="jsonf")
    constant(value=",")
    property(outname="priority" name="pri" format="jsonf")
    constant(value=",")
    property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
    constant(value=",")
    property(outname="type" name="msgid" format="jsonf")
    constant(value=",\"record\":")
    property(name="\$!all-json")
    constant(value="}\n")
}
input(type="imuxsock" socket="$lab/log.sock")
input(type="imudp" address="127.0.0.1" port="514" rcvbufSize="4m")
input(type="imtcp" address="127.0.0.1" port="601")
action(type="mmjsonparse")
action(type="omfile" dynaFile="file" template="line")
EOF
modules=(-M "$(compgen -G "${reader%/sbin/*}/lib/*/rsyslog")")
background device "$reader" -n -f "$lab/rsyslog.conf" -i NONE "${modules[@]}" >"$lab/rsyslog.log" 2>&1
listens() { [[ -S $lab/log.sock ]] && on device ss -Hltn "sport = :601" | grep -q .; }
until_true 5 listens || fail "no syslog daemon: $(<"$lab/rsyslog.log")"

lines() { wc -l 2>/dev/null <"$lab/$1.jsonl" || echo 0; }
all_arrived() { (($(lines "$1") == count + 1)); }
check() { # INPUT SINK PLACE NAME-BYTES
    send "$2" "$3" $count "$4"
    until_true 5 all_arrived "$1" || fail "$2: $(lines "$1") of $((count + 1)) messages: $(<"$lab/rsyslog.log")"
    send file "$lab/$1.expected" $count "$4"
    jq -c .record "$lab/$1.jsonl" >"$lab/$1.records"
    same_records "$lab/$1.expected" "$lab/$1.records" "$2"
    # Facility 16; flows are informational, drops notices, losses warnings.
    jq -se 'all(.app == "tollgated" and (.process | test("^[0-9]+$")) and
        (.priority | tonumber) == 128 + ({end: 6, drop: 5, lost: 4}[.record.type]))' \
        "$lab/$1.jsonl" >/dev/null || fail "$2: a header is wrong: $(head -c 1000 "$lab/$1.jsonl")"
}
check imuxsock syslog-local "$lab/log.sock" 20000
check imudp syslog-udp 127.0.0.1:514 200
check imtcp syslog-tcp 127.0.0.1:601 20000

# Over the network the header has the record's type and time, too.
for input in imudp imtcp; do
    jq -se 'all(.type == .record.type and .time[:23] == .record.time[:23])' "$lab/$input.jsonl" >/dev/null ||
        fail "$input: type or time differ: $(head -c 1000 "$lab/$input.jsonl")"
done
echo "ok: $count records in each of three ways at a stock syslog daemon"
