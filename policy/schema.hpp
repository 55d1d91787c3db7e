// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace tollgate::policy {

/// The JSON Schema (draft-07) of policy files: docs/policy.schema.json, as it was at build time.
[[nodiscard]] std::string_view policy_schema();

}  // namespace tollgate::policy
