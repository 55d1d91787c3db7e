// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/model.hpp"

namespace tollgate::policy {

enum class ChangeKind : std::uint8_t { added, removed, changed };

/// One difference between two policies.
struct Change {
    ChangeKind kind = ChangeKind::added;
    std::string what;    ///< "allow ota", "group admins", "mode", "default egress", "baseline lldp"
    std::string before;  ///< in words; empty if added
    std::string after;   ///< in words; empty if removed

    bool operator==(const Change&) const = default;
};

/// What becomes different if `after` replaces `before`: settings, groups, rules, in that order.
/// Rules are the same if they have the same name; a rule whose group changed is not a change of the
/// rule. Comments, labels, the description and the order of rules are no difference.
[[nodiscard]] std::vector<Change> diff(const Policy& before, const Policy& after);

/// One line per change: "+ allow ota  egress ota.example.com tcp/443", "- …", and for a changed one
/// "~ mode  audit → enforce". Empty for no changes.
[[nodiscard]] std::string to_text(const std::vector<Change>& changes);

/// A rule in words without its rank and name: "egress ota.example.com tcp/443, 10/s new flows".
[[nodiscard]] std::string describe(const Rule& rule);

}  // namespace tollgate::policy
