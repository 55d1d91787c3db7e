// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include <tollgate/result.hpp>

#include "agent/cli/json.hpp"
#include "policy/yaml_reader.hpp"

namespace tollgate::cli {

/// The largest policy file that the agent takes.
inline constexpr std::size_t kPolicyFileMax = 1U << 20U;

/// Reads a policy file; its problems are in the Reading. Error: the file cannot be read.
[[nodiscard]] Result<policy::Reading> read_policy_file(const std::string& file);

/// The object PolicyCheck (docs/json/policy-check.schema.json) of one file.
[[nodiscard]] Json describe_reading(const std::string& file, const policy::Reading& reading);

}  // namespace tollgate::cli
