#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The JSON Schema of policy files agrees with the reader about the policies in tests/support/policies
# and examples/. The system's Python: it has the Debian packages.
set -eu
exec /usr/bin/python3 tests/support/policies/check_schema.py
