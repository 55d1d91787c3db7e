#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each third-party library is used in one place only (docs/dependencies.md), and not shown in a
# header of ours outside it.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

# confine NAME HEADERS PLACES: only files that match PLACES include HEADERS.
confine() {
    ours "$cpp" agent bench bpf controller crypto include policy tests | { grep -vE "^($3)" || true; } |
        refuse "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]($2)" "$1 is confined to $3"
}

confine yaml-cpp 'yaml-cpp/' 'policy/yaml_events\.cpp$'
confine SQLite 'sqlite3\.h' 'policy/evidence_database\.hpp$'
confine libbpf 'bpf/(libbpf|bpf|btf)\.h' 'agent/datapath/|bench/|tests/'
confine 'BPF skeletons' '[a-z_]+\.skel\.h' 'agent/datapath/|bench/|tests/'
confine prometheus-cpp 'prometheus/' 'agent/report/metrics[a-z_]*\.(cpp|hpp)$|tests/unit/report/'
confine CLI11 'CLI/' 'agent/cli/'
confine cpp-httplib 'httplib\.h' 'agent/control/|agent/cli/|agent/flowlog/http_post\.cpp$|tests/unit/(control|cli|flowlog)/'
confine libpcap 'pcap(/[a-z]+)?\.h' 'agent/capture/|tests/'
confine libsodium 'sodium(/[a-z_0-9]+)?\.h' 'crypto/[a-z0-9_]+\.cpp$|tests/constant_time/public_answers\.cpp$'
confine OpenSSL 'openssl/' 'crypto/[a-z0-9_]+\.cpp$|agent/system/digest\.cpp$'
confine libseccomp 'seccomp\.h' 'agent/confine/'
confine 'libtar and zlib' '(libtar|zlib)\.h' 'agent/support/archive\.cpp$'
confine ncurses '(ncursesw?|curses|term)(/[a-z]+)?\.h' 'agent/cli/watch_window\.cpp$'
confine tl::expected 'tl/expected\.hpp' 'include/tollgate/result\.hpp$'
confine GoogleTest 'g(test|mock)/' 'tests/'
confine 'Google Benchmark' 'benchmark/' 'bench/'
finish
