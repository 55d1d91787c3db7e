#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every case of tests/catalogue has a test that claims it, or a reason for having none; no test claims a case that is none;
# docs/test-catalogue.md says so.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

/usr/bin/python3 tools/catalogue --check || complain "run tools/catalogue when the tables are right"
finish
