#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/troubleshooting.md has a section for each reason to drop, and for nothing else.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

reasons=$(grep -oP '^ +X\(\w+, \K\w+' include/tollgate/abi/drop_reason.h | grep -vx none | LC_ALL=C sort)
sections=$(grep -oP '^### `\K[^`]+' docs/troubleshooting.md | LC_ALL=C sort)
[[ -n $reasons ]] || complain "include/tollgate/abi/drop_reason.h has no reasons"
for reason in $(LC_ALL=C comm -23 <(echo "$reasons") <(echo "$sections")); do
    complain "docs/troubleshooting.md has no section for $reason"
done
for section in $(LC_ALL=C comm -13 <(echo "$reasons") <(echo "$sections")); do
    complain "docs/troubleshooting.md has a section for $section, which is no reason, or a second one"
done
finish
