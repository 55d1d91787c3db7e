// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "policy/learn_candidate.hpp"
#include "policy/model.hpp"

namespace tollgate::policy {

/// Makes few, named rules of the candidates: services of the same remote share a rule, those with
/// ports and those without apart; so do the remotes of one domain or of the local network with the
/// same services; DNS, NTP and ping have one rule each. If that is still more than kRulesWanted,
/// rules for the same services are joined whatever their remotes. Only what is the same on both
/// links shares a rule for both. The local network becomes the group "lan".
/// @pre every candidate has one service
[[nodiscard]] Policy policy_of(const std::vector<Candidate>& candidates);

inline constexpr std::size_t kRulesWanted = 30;

/// One line for people: "812 packets in 14 flows, 2026-11-20 to 2026-11-21, 9 hours of the week;
/// ota.example.com".
[[nodiscard]] std::string evidence_line(const ServiceEvidence& evidence,
                                        const std::vector<std::string>& names);

}  // namespace tollgate::policy
