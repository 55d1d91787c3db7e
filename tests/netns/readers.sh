# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Programs that others have made and that read our flow log records: source it after lib.sh, then
#
#     stock_reader PACKAGE PATH        sets $reader: the program as installed, or as tools/test has unpacked it
#     send SINK PLACE COUNT [BYTES]    flow_log_sender on the host `device`; all records must arrive
#     same_records EXPECTED SEEN WHAT  two files with one JSON object a line say the same in the same order
# shellcheck disable=SC2154 # $lab is set by lib.sh
sender=${TOLLGATE_BIN:?the folder of the programs}/../tests/netns/flow_log_sender

stock_reader() {
    for reader in "/$2" "$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")/build/unpacked/$1/$2"; do
        [[ ! -x $reader ]] || return 0
    done
    [[ -z ${CI:-} ]] || fail "no $2: tools/test unpacks the package $1"
    echo "skipped: no $2"
    exit 77
}

# Besides the records there is one that tells of a loss.
send() {
    local sent
    sent=$(on device "$sender" "$@")
    [[ $sent == "written=$(($3 + 1)) lost=0 waiting=0" ]] || fail "$1: $sent"
}

same_records() {
    jq -cS . "$1" >"$lab/records.expected"
    jq -cS . "$2" >"$lab/records.seen"
    diff "$lab/records.expected" "$lab/records.seen" >"$lab/records.differences" ||
        fail "$3: other records: $(head -c 2000 "$lab/records.differences")"
}
