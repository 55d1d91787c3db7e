// SPDX-License-Identifier: MIT
#pragma once

#include "policy/model.hpp"

/// Which rules another rule makes unnecessary, and the policy that `enforce` puts in force.
namespace tollgate::agent {

/// True if `outer` lets pass whatever `inner` matches, for good and without a limit.
[[nodiscard]] bool covers(const policy::Rule& outer, const policy::Rule& inner);

/// True if one of the policy's rules covers it.
[[nodiscard]] bool covers(const policy::Policy& policy, const policy::Rule& rule);

/// The policy with every proposed rule that it does not cover yet, under a name of its own.
[[nodiscard]] policy::Policy with_rules_of(policy::Policy policy, const policy::Policy& proposed);

}  // namespace tollgate::agent
