// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"

namespace tollgate::policy {

/// Checks a policy as a whole, whether a file or the learner made it. Errors: names that are used
/// twice, rules that no file could hold, too many rules. Warnings: groups that no rule uses, rules
/// that never decide because others always do, enforcing without a failsafe rule, risky services
/// open to everybody.
[[nodiscard]] std::vector<Problem> validate(const Policy& policy);

/// The errors among them: what keeps a policy from being compiled.
[[nodiscard]] std::vector<Problem> find_errors(const Policy& policy);

}  // namespace tollgate::policy
