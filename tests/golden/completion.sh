#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# completion.sh TOLLGATE: the completion files under the real shells, with candidates of a fake agent.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "$1")
folder=$(mktemp -d)
agent=
cleanup() {
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

mkdir "$folder/bin"
ln -s "$program" "$folder/bin/tollgate"
export PATH=$folder/bin:$PATH TOLLGATE_SOCKET=$folder/control.sock HOME=$folder TERM=dumb
/usr/bin/python3 "$here/../support/fake_agent.py" "$TOLLGATE_SOCKET" "$folder/requests" "$here/answers" &
agent=$!
for _ in $(seq 500); do [ -S "$TOLLGATE_SOCKET" ] && break; sleep 0.01; done
touch "$folder/door.yaml"
cd "$folder"

failed=0
# expect SHELL LINE WORD...: completing LINE offers exactly these words
expect() {
    local shell=$1 line=$2
    shift 2
    local wanted got
    wanted=$(printf '%s\n' "$@" | sort)
    got=$("complete_$shell" "$line" | sort)
    if [ "$wanted" != "$got" ]; then
        printf '%s, "%s": expected\n%s\ngot\n%s\n' "$shell" "$line" "$wanted" "$got" >&2
        failed=1
    fi
}

complete_bash() {
    bash --norc -c 'source <(tollgate completion bash)
        COMP_LINE=$1 COMP_POINT=${#1}
        _tollgate
        printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

complete_fish() {
    fish --no-config -c 'tollgate completion fish | source; complete --do-complete=$argv[1]' "$1" |
        cut -f1
}

# zsh completes only in its line editor: a pseudo-terminal, and the list of matches in a file.
complete_zsh() {
    cat >"$folder/zsh-test" <<'ZSH'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -Uz compinit; compinit -u -D; source <(tollgate completion zsh)'
zpty -w shell 'compadd() { [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
    local -a __matches; builtin compadd -A __matches "$@"; print -l -- $__matches >>$MATCHES; builtin compadd "$@" }'
zpty -w shell 'bindkey "^I" complete-word; zstyle ":completion:*" list-prompt ""; print READY'
while zpty -r shell line && [[ $line != READY* ]]; do :; done
zpty -w -n shell "$1"$'\t'
sleep 2
zpty -d shell
ZSH
    : >"$folder/matches"
    MATCHES=$folder/matches zsh -f "$folder/zsh-test" "$1" >/dev/null 2>&1 || true
    sort -u "$folder/matches"
}

for shell in bash fish zsh; do
    if ! command -v "$shell" >/dev/null; then
        echo "skipped: $shell is not installed"
        continue
    fi
    expect "$shell" "tollgate sta" status
    expect "$shell" "tollgate learn re" review reject
    expect "$shell" "tollgate learn approve a" a1 a2 a3 a4
    expect "$shell" "tollgate observe --interface " eth0 wlan0
    expect "$shell" "tollgate status -o j" json jsonl
    expect "$shell" "tollgate policy check d" door.yaml
done
expect bash "tollgate policy export " mud nft k8s cilium
expect bash "tollgate policy import mud d" door.yaml
expect bash "tollgate policy import mud --mode=a" audit
expect bash "tollgate blocklist remove 2001:" "db8:bad::/48"
expect bash "tollgate trace a b c --expect=" pass drop
expect bash "tollgate doctor unpr" unprivileged-bpf
expect bash "tollgate support-bundle --ev" --events
[ "$failed" = 0 ] && echo "completions are as expected"
exit "$failed"
