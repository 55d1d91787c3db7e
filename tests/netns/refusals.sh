# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A daemon that does not start: source it after daemon.sh, then
#
#     tollgated FLAGS...               on the host `device`, with folders of its own; runs by way of "${wrap[@]}"
#     ends_with CODE TEXT COMMAND...   it ends with this code, and says this in one line of its log
# shellcheck disable=SC2154 # $lab, $pins and $bin are set by lib.sh and daemon.sh
wrap=(env)

tollgated() {
    on device timeout 20 "${wrap[@]}" "$bin/tollgated" --state-dir "${state2:-$lab/state2}" --run-dir "$lab/run2" \
        --pin-dir "$pins/second" --metrics off "$@"
}

ends_with() {
    local wanted=$1 text=$2 code=0
    shift 2
    "$@" 2>"$lab/said" || code=$?
    ((code == wanted)) || { cat "$lab/said"; fail "$* exits with $code, not $wanted"; }
    grep -qiE "level=error.*$text" "$lab/said" || { cat "$lab/said"; fail "$* does not say '$text'"; }
}
