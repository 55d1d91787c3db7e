// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "policy/learn_service.hpp"

namespace tollgate::policy {

/// How complete the learned picture is: not a timer, but the chance that the next flow is a new
/// one, and the part of a week that was watched.
struct Readiness {
    int percent = 0;     ///< 0–100: repetition × (half + half × coverage)
    double novelty = 1;  ///< estimated chance that the next flow belongs to a service not yet seen
    double repetition = 0;           ///< 0–1: novelty of 10 % or more is 0, none is 1
    double coverage = 0;             ///< 0–1: hours of the week that were watched
    std::uint64_t observations = 0;  ///< flows, and hours in which one of them went on
    std::uint64_t seen_once = 0;     ///< services with a single observation
    std::string text;                ///< one line for people
};

/// Estimates readiness (Good–Turing: the services seen once divided by the observations are the
/// probability mass of what was not seen; one of each is added, so that little evidence counts as
/// little).
[[nodiscard]] Readiness estimate_readiness(std::uint64_t seen_once,
                                           std::uint64_t observations,
                                           const HoursOfWeek& watched);

}  // namespace tollgate::policy
