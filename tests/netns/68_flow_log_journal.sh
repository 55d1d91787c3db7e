#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# systemd's own journald, with a /run of its own, gets 1000 records, and journalctl gives them back: MESSAGE
# is, field by field, what the file sink writes of the same record; the fields TOLLGATE_… say the same; and
# a search finds what it should. Among them are names with quotes, line breaks and letters that are not
# ASCII, and one of 20,000 bytes.
#
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/readers.sh
source "$(dirname "$0")/readers.sh"
lab_start
stock_reader systemd lib/systemd/systemd-journald
count=1000
longest=20000

host device
# What it would take from the kernel and from other programs is no matter of this test.
mkdir -p "$lab/run/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\n' >"$lab/run/systemd/journald.conf.d/test.conf"
# shellcheck disable=SC2016 # the inner shell expands it
background device unshare --mount bash -c 'mount --bind "$1" /run && exec "$2"' - "$lab/run" "$reader" \
    >"$lab/journald.log" 2>&1
socket=$lab/run/systemd/journal/socket
until_true 5 test -S "$socket" || fail "no journal: $(<"$lab/journald.log")"

entries() { # [FIELD=VALUE...]: as JSON, oldest first
    journalctl -q -D "$lab/run/log/journal" -o json --all MESSAGE_ID=6c1f0b7a5d3e4b0f9a52e8c4d7b3160e "$@"
}
all_arrived() { (($(entries | wc -l) == count + 1)); }
send journal "$socket" $count $longest
until_true 5 all_arrived || fail "$(entries | wc -l) of $((count + 1)) entries: $(<"$lab/journald.log")"
entries >"$lab/entries"
send file "$lab/expected" $count $longest
jq -c '.MESSAGE | fromjson' "$lab/entries" >"$lab/records"
same_records "$lab/expected" "$lab/records" journal

# The fields of an entry, from the record in it. journalctl shows what has a line break as a list of bytes.
python3 - "$lab/entries" <<'PYTHON'
import json
import sys

NAMES = {"type", "direction", "protocol", "remote", "remotePort", "remoteName", "local", "localPort", "peer",
         "interface", "rule", "reason"}


def field(name):
    return "TOLLGATE_" + "".join("_" + c if c.isupper() else c.upper() for c in name)


def text(value):
    return bytes(value).decode() if isinstance(value, list) else value


for number, line in enumerate(open(sys.argv[1], encoding="utf-8")):
    entry = json.loads(line)
    record = json.loads(entry["MESSAGE"])
    own = {name: text(value) for name, value in entry.items() if name.startswith("TOLLGATE_")}
    expected = {field(name): str(value) for name, value in record.items() if name in NAMES}
    priority = {"end": "6", "drop": "5", "lost": "4"}[record["type"]]
    if own != expected or entry["PRIORITY"] != priority or entry["SYSLOG_IDENTIFIER"] != "tollgated":
        sys.exit(f"entry {number}: {str(own)[:500]} instead of {str(expected)[:500]}: {line[:1000]}")
PYTHON

drops=$(jq -c 'select(.reason == "policy_default")' "$lab/expected" | wc -l)
found=$(entries TOLLGATE_REASON=policy_default | wc -l)
((drops > 0 && found == drops)) || fail "a search finds $found of $drops drops"
echo "ok: $count records in a stock journal"
