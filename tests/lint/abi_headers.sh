#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every header of include/tollgate/abi compiles alone, as C11 for the BPF machine and for this one, and
# as C++20.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

warnings=(-Wall -Wextra -Werror -fsyntax-only -Iinclude)
machine=$(gcc -print-multiarch)
while read -r header; do
    unit="#include <${header#include/}>"
    gcc -x c -std=gnu11 "${warnings[@]}" - <<<"$unit" || complain "$header is not C11"
    g++ -x c++ -std=c++20 "${warnings[@]}" - <<<"$unit" || complain "$header is not C++20"
    clang -target bpf -x c -std=gnu11 "${warnings[@]}" -idirafter "/usr/include/$machine" - <<<"$unit" ||
        complain "$header does not compile for the BPF machine"
done < <(ours '\.h' include/tollgate/abi)
finish
