#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A week of a real door lock, replayed through the live agent; see week.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
corpus=${TOLLGATE_CORPUS:-$here/../../../shared/corpus}
[ -f "$corpus/week/schlage-lock-01.pcap" ] || { echo "no corpus: skipped"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root"; [ "${CI:-}" = true ] && exit 1; exit 77; }
exec /usr/bin/python3 "$here/week.py" "$TOLLGATE_BIN" "$corpus/week/schlage-lock-01.pcap" \
    78:db:2f:db:43:48
