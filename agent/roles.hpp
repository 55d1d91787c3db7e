// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace tollgate::agent {

/// Runs the part of the agent that this process is (docs/architecture.md).
/// @param arguments those after the role
/// @return its exit code
[[nodiscard]] int run_role(const std::string& role, const std::vector<std::string>& arguments);

}  // namespace tollgate::agent
