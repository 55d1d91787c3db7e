#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every file in examples/ is in its README and used by a test, or by a page whose commands a test types. A policy says
# what becomes of two packets at least, which tests/netns/73_examples.sh tries.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

users=(tests/unit tests/netns tests/golden tests/helm docs/guides docs/configuration.md)
ours '' examples | while read -r file; do
    name=${file#examples/}
    [[ $name != README.md ]] || continue
    grep -qF "]($name)" examples/README.md || complain "examples/README.md does not have $name"
    if [[ $name == policies/* ]]; then
        (($(grep -c '^#   tollgate trace .* --expect ' "$file") >= 2)) || complain "$file says of no two packets what becomes of them"
    else
        grep -rqF "examples/$name" "${users[@]}" || complain "$file is used by no test"
    fi
done
finish
