// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_events.hpp"

namespace tollgate::policy {

/// What became of a policy file.
struct Reading {
    std::optional<Policy> policy;   ///< absent if there is any error
    std::vector<Problem> problems;  ///< errors and warnings, in the order of the file
};

/// Reads and validates the text of a policy file (docs/policy.md). Reports everything that is
/// wrong, not only the first. Pure: opening the file, and refusing what is no regular file, is the
/// caller's.
[[nodiscard]] Reading read_policy(std::string_view text,
                                  const YamlParser& parser = parse_yaml_here);

}  // namespace tollgate::policy
