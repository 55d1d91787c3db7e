// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tollgate::agent {

/// Where a policy file that is followed has got to.
struct PolicyFileStatus {
    enum class State {
        in_force,    ///< confirmed
        confirming,  ///< in force; reverts unless what it must not cut off answers
        waiting,     ///< valid, and not put in force yet
        refused,     ///< unreadable or invalid; what was in force before stays
        reverted,    ///< it cut off what it must not
        replaced     ///< somebody has changed the policy since, by another way than the file
    };

    std::string path;
    State state = State::waiting;
    std::string problem;  ///< for people; empty: none
};

[[nodiscard]] constexpr std::string_view label(PolicyFileStatus::State state) {
    constexpr std::string_view kLabels[] = {
        "inForce", "confirming", "waiting", "refused", "reverted", "replaced"};
    return kLabels[static_cast<int>(state)];
}

}  // namespace tollgate::agent
