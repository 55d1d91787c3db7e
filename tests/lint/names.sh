#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Names that say nothing, and words that the field has replaced. Kernel interfaces keep their names.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

folders=(agent bench bpf controller crypto include policy tests)
empty='pkts?|ctx2|utils?|helpers?|manager|mgr|misc'

ours '' "${folders[@]}" | { grep -E "(^|[/_])($empty|common|info|data)([_.][^/]*)?(/|\$)" || true; } |
    while read -r name; do
        complain "$name: the file's name says nothing"
    done
ours "$cpp" "${folders[@]}" |
    refuse "(^|[^a-z_>./])([a-z]+_)?($empty)(_[a-z]+)?([;,)(=]| =)" "names that say nothing: $empty"
ours "$cpp" "${folders[@]}" |
    refuse '(class|struct|enum) [A-Za-z]*(Manager|Helper|Utils?|Info|Data|Common)\b' 'type names that say nothing'
ours "$cpp|\.(md|sh|yaml|json)" | { grep -v '^tests/lint/' || true; } |
    refuse '([Bb]lack|[Ww]hite)[-_ ]?list' 'write allow list and block list'
finish
