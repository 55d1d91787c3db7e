// SPDX-License-Identifier: MIT
#pragma once

#include "agent/cli/json.hpp"
#include "policy/learn.hpp"

namespace tollgate::cli {

/// The object Candidates (docs/json/candidates.schema.json) of all that a learner found.
/// @param proposal  what it proposes: names the rule of each candidate
[[nodiscard]] Json describe_candidates(policy::Learner& learner, const policy::Policy& proposal);

}  // namespace tollgate::cli
