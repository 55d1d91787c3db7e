#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/ makes manual pages that man can show, and docs/tollgated.md has every option and exit code of tollgated.
# (That docs/cli.md has every command and option is a unit test, which asks the program.)
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tools/manpages "$folder" || complain "tools/manpages fails"
for page in "$folder"/*; do
    mandoc -T lint -W error "$page" || complain "$page is no manual page"
done

options=$(sed -n '/^std::string usage/,/^}/p' agent/core/options.cpp | grep -oE -- '--[a-z0-9-]+' | sort -u)
[[ -n $options ]] || complain "agent/core/options.cpp has no options"
for option in $options; do
    grep -qF "| \`$option\`" docs/tollgated.md || complain "docs/tollgated.md does not explain $option"
done
codes=$(sed -n '/^enum class ExitCode/,/^}/p' agent/core/exit_code.hpp | grep -oP '= \K\d+')
[[ -n $codes ]] || complain "agent/core/exit_code.hpp has no codes"
for code in $codes; do
    grep -q "^| $code |" docs/tollgated.md || complain "docs/tollgated.md does not explain exit code $code"
done
finish
