#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/index.md has every page: those of docs/ and docs/guides, and the list of every other folder of pages.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

ours '\.md' docs | sed 's,^docs/,,' | { grep -E '^([^/]+|guides/[^/]+|[^/]+/README)\.md$' || true; } | while read -r page; do
    [[ $page == index.md ]] || grep -qE "\]\($page(#[^)]*)?\)" docs/index.md || complain "docs/index.md does not have $page"
done
finish
