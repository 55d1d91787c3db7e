// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "policy/model.hpp"

namespace tollgate::policy {

/// One line of everything that a policy lets pass or drops, the baseline and the defaults included.
struct EffectiveRule {
    std::string kind;       ///< "baseline", "failsafe", "deny", "allow", "expired", "default"
    std::string name;       ///< of the rule; baseline: its key
    std::string action;     ///< "pass" or "drop"
    std::string direction;  ///< "ingress", "egress"; baseline: "both"
    std::string remote;     ///< groups with their members: "admins (10.0.0.0/24)"
    std::string services;   ///< "tcp/22, udp/53"; baseline: what it is about
    std::string notes;      ///< limits, expiry, log
};

/// The policy in the order in which it decides.
[[nodiscard]] std::vector<EffectiveRule> effective_rules(const Policy& policy, WallTime now);

/// As a table for people, with a header.
[[nodiscard]] std::string to_table(const std::vector<EffectiveRule>& rules);

}  // namespace tollgate::policy
