// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/exchange/mud_definitions.hpp"
#include "policy/model.hpp"
#include "policy/problem.hpp"

/// From a MUD file to the policy of the device itself (docs/import-export.md).
namespace tollgate::exchange {

struct MudImportOptions {
    std::string name;  ///< of the policy; empty: from the file's mud-url
    policy::Stage mode = policy::Stage::audit;
    MudDefinitions definitions;  ///< local-networks: all private addresses, if it is not among them
};

/// What became of one entry of an access list.
struct MudOutcome {
    enum class Kind : std::uint8_t {
        refused,   ///< a diagnostic says why
        rule,      ///< rules of this or an equal entry
        answers,   ///< the other direction of a rule: flows need no rule for it
        baseline,  ///< what every host needs, and the gate knows without rules
    };
    std::string acl;
    std::string ace;
    Kind kind = Kind::refused;
    std::string by;  ///< the rule, or the part of the baseline
};

struct MudImport {
    std::optional<policy::Policy> policy;  ///< absent if there is any error
    std::vector<MudOutcome> outcomes;      ///< of every entry, in the order of the file
    /// Everything that was not taken over, or not exactly. An entry that denies something and
    /// cannot be taken over is an error: without it more would pass.
    std::vector<policy::Problem> problems;
};

/// The policy, in an order of its own: rules of what the device begins first, groups by name. What
/// the file says of itself becomes labels ("mud-url", …; "mud/GROUP" for what a group stands for),
/// from which export_mud() makes the same file again.
[[nodiscard]] MudImport import_mud(std::string_view text, const MudImportOptions& options);

}  // namespace tollgate::exchange
