#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What only the start needed, no process of an idle daemon keeps in memory: neither memory of its own, nor pages of
# code. Metrics are scraped by nobody, and the tunnel has a peer that does not answer.
#
#   device eth0 192.0.2.10 ── 192.0.2.20 eth0 peer
#          $wg  10.9.0.1
# shellcheck disable=SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
# shellcheck source=tests/netns/confined.sh
source "$(dirname "$0")/confined.sh"
! grep -q __asan_init "$bin/tollgated" || skip "a sanitizer has memory of its own"
[[ $(getconf PAGESIZE) == 4096 ]] || skip "larger pages hold more that is not used"
lab_start
tunnel_lab
tunnel_of_peer silent >"$lab/tollgate.yaml"
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start --config "$lab/tollgate.yaml"
data=$(data_process "$daemon" "$wg")
part() { api status | jq -e --arg name "$1" '.processes[] | select(.name == $name).pid'; }
dns=$(part dns)
exporter=$(part exporter)

kib_of() { status_line "$1" "$2" | tr -dc 0-9; }
fits() { (($(kib_of "$1" RssAnon) <= $2 && $(kib_of "$1" RssFile) <= $3)); }
while read -r name process own file; do
    until_true 20 fits "$process" "$own" "$file" ||
        fail "$name has $(kib_of "$process" RssAnon) KiB of its own and $(kib_of "$process" RssFile) KiB of files, not $own and $file"
done <<BOUNDS
agent    $daemon   3072 8192
data     $data     1920 6144
dns      $dns      1536 4096
exporter $exporter 1536 4096
BOUNDS
exit 0
