// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "agent/cli/cli.hpp"

namespace tollgate::cli {

/// A Doctor object: what can be seen of this host, and what the agent says of itself if it answers.
/// Looks only at what is asked for.
/// @param wanted  names of checks; empty: all
[[nodiscard]] Json examine(const Cli& cli, const std::vector<std::string>& wanted);

}  // namespace tollgate::cli
