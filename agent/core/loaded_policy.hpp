// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/refusal.hpp"
#include "policy/compiled.hpp"
#include "policy/model.hpp"

namespace tollgate::agent {

/// A policy with its text. The compiled tables are not kept: the kernel has them.
struct LoadedPolicy {
    std::string yaml;
    std::string hash;  ///< SHA-256 of `yaml`; empty: no policy
    policy::Policy policy;
    std::vector<std::string> rule_names;  ///< index: rule number of the data path
    policy::WallTime compiled_at;

    /// The rule of that number; null: none.
    [[nodiscard]] const policy::Rule* rule(std::uint32_t number) const;
    /// Its name; empty: none.
    [[nodiscard]] std::string_view rule_name(std::uint32_t number) const;
};

using PolicyPointer = std::shared_ptr<const LoadedPolicy>;

/// Reads, validates and compiles a policy. @return Refusal::Code::policy_invalid with all problems
[[nodiscard]] Answer<PolicyPointer> load_policy(std::string yaml, policy::WallTime now);

/// The policy of a fresh installation: no rules, the default is to drop.
[[nodiscard]] PolicyPointer no_policy(policy::WallTime now);

}  // namespace tollgate::agent
