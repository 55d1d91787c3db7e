#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/packages: purpose, name and reason on each line, names sorted within a purpose, and every
# package explained in docs/dependencies.md.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

list=$(grep -vE '^(#|$)' tools/packages)
grep -vE '^(build|demo|test|unpack|bench|cross|kernels|pictures) +[a-z0-9][a-z0-9.+-]+ +[^ ].*$' <<<"$list" && complain "tools/packages: not PURPOSE PACKAGE WHY"
for purpose in build demo test unpack bench cross kernels pictures; do
    awk -v purpose="$purpose" '$1 == purpose { print $2 }' <<<"$list" | LC_ALL=C sort -c -u ||
        complain "tools/packages: $purpose is not sorted"
done
while read -r name; do
    grep -qF "\`$name\`" docs/dependencies.md || complain "docs/dependencies.md does not mention $name"
done < <(awk '{ print $2 }' <<<"$list" | sort -u)
finish
