#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Only the log, the command line and the two main programs write to standard output or error.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

ours "$cpp" agent controller crypto include policy | { grep -vE '^agent/(cli/|tollgated?\.cpp)|/log\.(cpp|hpp)$' || true; } |
    refuse '(^|[^a-z_:.>])(v?f?printf|puts|putchar|perror)\(|std::(cout|cerr|clog|f?printf|puts)\b|fmt::print' \
        'output goes through the log or the command line'
finish
