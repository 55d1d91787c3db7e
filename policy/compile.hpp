// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <tollgate/result.hpp>

#include "policy/compiled.hpp"
#include "policy/model.hpp"

namespace tollgate::policy {

/// Entries of CompiledPolicy::verdicts, at most.
inline constexpr std::size_t kVerdictsMax = 131072;

/// Translates a policy into the tables of the data path, so that the verdict of any packet takes
/// the same few lookups whatever the number of rules. Rules are numbered by precedence: of several
/// candidates the lowest number decides. Deny rules that have expired are left out.
/// @return an error if the policy is not valid, or does not fit: more than TG_RULES_MAX - 1 rules,
///         TG_PORT_CLASSES_MAX port classes, kVerdictsMax verdicts
Result<CompiledPolicy> compile(const Policy& policy, WallTime now);

}  // namespace tollgate::policy
