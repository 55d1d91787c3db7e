#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every lint test can fail: plants violations in a copy of the tree, one at a time, and expects each to
# be refused.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar --exclude=./build --exclude=./.git --exclude=./.cache --exclude=./tests/fuzz/seeds -cf - . | tar -xf - -C "$copy"
failed=0
planted=0

# refuses LINT FILE CONTENT: LINT passes the copy, and fails once FILE has CONTENT at its end.
refuses() {
    local lint=$copy/tests/lint/$1.sh file=$copy/$2
    planted=$((planted + 1))
    mkdir -p "$(dirname "$file")"
    [[ ! -e $file ]] || cp "$file" "$copy/saved"
    printf '%b\n' "$3" >>"$file"
    if "$lint" >/dev/null 2>&1; then
        echo "error: $1 does not see: $2: $3"
        failed=1
    fi
    rm "$file"
    [[ ! -e $copy/saved ]] || mv "$copy/saved" "$file"
}

for lint in "$copy"/tests/lint/*.sh; do
    [[ $lint == */selftest.sh ]] || "$lint" || echo "note: $(basename "$lint") fails already"
done

licence='// SPDX-License-Identifier: MIT\n'
kernel_licence='/* SPDX-License-Identifier: MIT OR GPL-2.0-only */\n'
refuses include_rules policy/planted.cpp '#include "agent/datapath/gate.hpp"'
refuses include_rules policy/planted.cpp '#include <unistd.h>'
refuses include_rules policy/planted.hpp '#  include <thread>'
refuses include_rules crypto/planted.cpp '#include "policy/model.hpp"'
refuses include_rules agent/planted.cpp '#include "tests/support/packet.hpp"'
refuses include_rules include/tollgate/abi/planted.h '#include <vector>'
refuses include_rules include/tollgate/planted.hpp '#include "policy/model.hpp"'
refuses include_rules bpf/planted.bpf.c '#include "agent/system/log.hpp"'
refuses third_party agent/core/planted.cpp '#include <yaml-cpp/yaml.h>'
refuses third_party policy/planted.cpp '#include <sqlite3.h>'
refuses third_party agent/core/planted.cpp '#include <bpf/libbpf.h>'
refuses third_party agent/core/planted.cpp '#include "gate.skel.h"'
refuses third_party agent/report/planted.cpp '#include <prometheus/registry.h>'
refuses third_party agent/core/planted.cpp '#include <CLI/CLI.hpp>'
refuses third_party agent/core/planted.cpp '#include <httplib.h>'
refuses third_party policy/planted.cpp '#include <pcap/pcap.h>'
refuses third_party crypto/planted.hpp '#include <sodium.h>'
refuses third_party agent/core/planted.cpp '#include <sodium/core.h>'
refuses third_party agent/core/planted.cpp '#include <openssl/evp.h>'
refuses third_party agent/system/planted.cpp '#include <seccomp.h>'
refuses third_party agent/cli/planted.cpp '#include <libtar.h>'
refuses third_party agent/cli/planted.cpp '#include <ncurses.h>'
refuses third_party policy/planted.cpp '#include <tl/expected.hpp>'
refuses spdx policy/planted.cpp 'int planted;'
refuses spdx bpf/planted.h "$licence"
refuses spdx agent/planted.hpp '// Copyright\n// SPDX-License-Identifier: MIT'
refuses spdx tests/netns/00_planted.sh '#!/bin/sh\ntrue'
refuses spdx tools/planted '#!/bin/sh\ntrue'
refuses file_size policy/planted.cpp "$(printf '//\\n%.0s' {1..401})"
refuses output agent/core/planted.cpp 'void f() { std::cerr << 1; }'
refuses output policy/planted.cpp 'void f() { printf("x"); }'
refuses output policy/planted.cpp 'void f() { fmt::print("x"); }'
refuses names policy/utils.cpp "$licence"
refuses names policy/planted.cpp 'int pkt_count = 1;'
refuses names agent/planted.hpp 'class PolicyManager {};'
refuses names docs/planted.md 'the whitelist'
refuses mutation policy/precedence.cpp '// ? rank_a < rank_b'
refuses machine_paths agent/planted.cpp 'const char* home = "/home/me/tollgate";'
refuses machine_paths docs/planted.md 'see /work/shared'
refuses machine_paths tools/planted 'wget http://mirror.somewhere.net/x'
refuses machine_paths docs/planted.md '[x](https://packages.somewhere.io/x)'
refuses doc_links docs/planted.md '[x](nowhere.md)'
refuses doc_links docs/planted.md '[x](packet-path.md#no-such-heading)'
refuses abi_headers include/tollgate/abi/planted.h "${kernel_licence}bool planted(void);"
refuses abi_headers include/tollgate/abi/planted.h "${kernel_licence}void *p; int *class = 0;"
refuses changelog CHANGELOG.md '## 1.2'
refuses changelog CHANGELOG.md '## [1.2.3] - 2030-01-01\n### Sundries'
refuses packages tools/packages 'build zzz'
refuses packages tools/packages 'bench  aaa  out of order'
refuses docs_index docs/planted.md '# A page'
refuses docs_index docs/guides/planted.md '# A page'
refuses examples examples/planted.yaml 'kind: Agent'
refuses examples examples/policies/planted.yaml 'kind: Policy'
refuses troubleshooting docs/troubleshooting.md '### `no_such_reason`'
refuses troubleshooting include/tollgate/abi/drop_reason.h '    X(PLANTED, planted, "without a section")'
refuses service_unit packaging/tollgated.service '[Service]\nNoNewPrivileges=no\nCapabilityBoundingSet=~\nSystemCallFilter='

echo "$planted violations planted"
exit "$failed"
