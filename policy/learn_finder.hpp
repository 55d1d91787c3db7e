// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <vector>

#include <tollgate/ip.hpp>

#include "policy/learn_candidate.hpp"
#include "policy/learn_names.hpp"
#include "policy/learn_service.hpp"

namespace tollgate::policy {

/// What candidates are made of.
struct Evidence {
    const std::map<ServiceKey, ServiceEvidence>& services;
    const NameTable& names;
    const std::function<bool(const IpAddress&)>& blocked;  ///< may be empty
    bool ephemeral_ports = false;                          ///< see LearnOptions
};

/// Turns evidence into candidates, each with its objection if it has one: names of one registered
/// domain become a wildcard, peers of the local network become that network, too many others become
/// "any". Ids and decisions are left to the caller. Deterministic; sorted by key.
[[nodiscard]] std::vector<Candidate> find_candidates(const Evidence& evidence);

}  // namespace tollgate::policy
