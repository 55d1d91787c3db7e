# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Shared by the lint tests: source it. Each prints what it found and ends with `finish`.
set -euo pipefail
shopt -s lastpipe  # so that a complaint at the end of a pipe counts
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0

# ours PATTERN [FOLDER...]: files of ours, in all folders or the given ones (one that does not exist has
# none), whose names end like the extended regular expression.
ours() {
    local pattern=$1 folder folders=()
    shift
    for folder in "${@:-.}"; do
        [[ ! -d $folder ]] || folders+=("$folder")
    done
    ((${#folders[@]} > 0)) || return 0
    find "${folders[@]}" -regextype posix-extended \
        \( -path ./build -o -path ./.git -o -path ./.cache -o -path ./tests/fuzz/seeds \) -prune -o \
        -type f -regex ".*($pattern)" -print | sed 's,^\./,,' | LC_ALL=C sort
}

# shellcheck disable=SC2034  # used by the scripts that source this file
cpp='\.(c|h|cpp|hpp)'

complain() {
    echo "error: $*"
    failed=1
}

# refuse PATTERN WHY: complains about lines that match in the files named on standard input.
refuse() {
    local found
    found=$(xargs -r -d '\n' grep -nHE -- "$1" || true)
    [[ -z $found ]] && return
    echo "$found"
    complain "$2"
}

finish() {
    exit "$failed"
}
