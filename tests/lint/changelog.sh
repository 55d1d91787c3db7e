#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CHANGELOG.md has the form of Keep a Changelog, Unreleased on top.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

first=$(grep -m1 '^## ' CHANGELOG.md || true)
[[ $first == '## [Unreleased]' ]] || complain "CHANGELOG.md: the first section is not ## [Unreleased]"
grep -nE '^## ' CHANGELOG.md | grep -vE ':## \[(Unreleased|[0-9]+\.[0-9]+\.[0-9]+\] - [0-9]{4}-[0-9]{2}-[0-9]{2})\]?$' &&
    complain "CHANGELOG.md: a section is ## [X.Y.Z] - YYYY-MM-DD"
grep -nE '^### ' CHANGELOG.md | grep -vE ':### (Added|Changed|Deprecated|Removed|Fixed|Security)$' &&
    complain "CHANGELOG.md: unknown kind of change"
finish
