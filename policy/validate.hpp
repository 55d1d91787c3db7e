// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/model.hpp"
#include "policy/problem.hpp"

namespace tollgate::policy {

/// Checks a policy as a whole, whether a file or the learner made it: find_errors(), then, if there
/// are none, find_warnings().
[[nodiscard]] std::vector<Problem> validate(const Policy& policy);

/// What keeps a policy from being compiled or written: too many rules or groups, a name used twice,
/// a service that does not exist, ports and other protocols in one rule, groups of two kinds, a way
/// (via) that the remote cannot take.
[[nodiscard]] std::vector<Problem> find_errors(const Policy& policy);

/// The errors among them that a policy of which parts could not be read can be checked for: names
/// of rules that are used twice.
[[nodiscard]] std::vector<Problem> find_name_clashes(const Policy& policy);

/// Rules and groups that name a peer which is none of `peers`.
[[nodiscard]] std::vector<Problem> find_unknown_peers(const Policy& policy,
                                                      const std::set<std::string>& peers);

/// What is probably not meant: groups that no rule uses, rules that never decide because others
/// always do, names that nothing can resolve, enforcing without a failsafe rule, risky services
/// open to everybody. In policies of more than a thousand rules, rules that never decide are not
/// searched.
[[nodiscard]] std::vector<Problem> find_warnings(const Policy& policy);

}  // namespace tollgate::policy
