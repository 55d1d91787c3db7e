#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A stock IPFIX collector (nfcapd of nfdump) gets 1000 records over UDP, of which the first is not lost
# though it comes at once: nfdump shows exactly these flows, their times, packets and bytes both ways.
#
#   device 192.0.2.1  ────  192.0.2.2 collector
#
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/readers.sh
source "$(dirname "$0")/readers.sh"
lab_start
stock_reader nfdump usr/bin/nfcapd
count=1000

host device && host collector
wire device eth0 192.0.2.1/24 collector eth0 192.0.2.2/24
mkdir "$lab/flows"
background collector "$reader" -p 4739 -b 192.0.2.2 -w "$lab/flows" -t 3600 >"$lab/nfcapd.log" 2>&1
until_true 5 grep -q "Startup nfcapd" "$lab/nfcapd.log" || fail "no collector: $(<"$lab/nfcapd.log")"

send ipfix-udp 192.0.2.2:4739 $count
kill "$background_process"
until_true 5 compgen -G "$lab/flows/nfcapd.2*" >/dev/null || fail "no file of flows: $(<"$lab/nfcapd.log")"

# Times in seconds of the day; the port of an echo is 256 times its type. What docs/flow-log.md says of each
# record, by other means than the daemon's.
python3 - $count >"$lab/expected" <<'PYTHON'
import sys
for number in range(int(sys.argv[1])):
    start = f"2026-11-16 {10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
    own, other = f"192.168.1.50,{1024 + number}", "192.0.2.10,443"
    counts = f"5,500,{1 + number},400"
    protocol, flags = "TCP", "........"
    if number % 4 == 1:
        own, other = f"2001:db8::50,{1024 + number}", "2001:db8::1,443"
    if number % 4 == 2:
        own, other, protocol = "192.168.1.50,0", "192.0.2.10,2048", "ICMP"
    if number % 4 == 3:
        own, other, flags = f"198.51.100.7,{1024 + number}", "192.168.1.50,23", "......S."
        counts = f"{1 + number},0,0,0"
    print(f"{start},0.500,{own},{other},{protocol},{flags},{counts}")
PYTHON
"${reader%nfcapd}nfdump" -q -r "$lab"/flows/nfcapd.2* -o csv >"$lab/shown" || fail "nfdump: $(<"$lab/shown")"
# ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt
awk -F, 'BEGIN { OFS = "," } $1 ~ /^2026/ { print $1, $3, $4, $6, $5, $7, $8, $9, $12, $13, $14, $15 }' \
    "$lab/shown" | sort >"$lab/seen"
sort -o "$lab/expected" "$lab/expected"
diff "$lab/expected" "$lab/seen" >"$lab/differences" ||
    fail "the collector shows other flows: $(head -20 "$lab/differences")"
grep -q "Sequence Errors: 0" "$lab/nfcapd.log" || fail "sequence: $(tail -3 "$lab/nfcapd.log")"
echo "ok: $count records at a stock collector"
