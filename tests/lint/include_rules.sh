#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who may include whom (docs/architecture.md): include <- crypto, policy <- agent, controller <- tests,
# bench; and crypto and policy stay pure: no system call, clock or thread (byte order is no call).
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

# forbid FOLDER PATTERN: no file of the folder includes anything that matches.
forbid() {
    [[ -d $1 ]] || return 0
    ours "$cpp" "$1" | refuse "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($2)" "$1/ must not include $2"
}

system='sys/|net/|unistd\.h|fcntl\.h|pthread\.h|thread>|mutex>|future>|condition_variable>'
forbid include 'agent/|bench/|bpf/|controller/|crypto/|policy/|tests/'
# Kernel and user space share these. parse.h brings its own view of a frame.
forbid include/tollgate/abi '[a-z_]+>|sys/|bpf/|tollgate/[a-z_]+\.hpp'
forbid bpf 'agent/|bench/|controller/|crypto/|policy/|tests/|tollgate/[a-z_]+\.hpp|[a-z_]+>'
forbid crypto "agent/|bench/|bpf/|controller/|policy/|tests/|iostream>|$system"
forbid policy "agent/|bench/|bpf/|controller/|crypto/|tests/|iostream>|$system"
forbid agent 'bench/|controller/|tests/'
forbid controller 'agent/|bench/|bpf/|tests/'
forbid tests 'bench/'
finish
