// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/learn_service.hpp"
#include "policy/model.hpp"

namespace tollgate::policy {

enum class Decision : std::uint8_t { pending, approved, rejected };

/// Why a candidate is left out of the proposal until somebody approves it.
enum class Objection : std::uint8_t {
    none,
    unanswered,   ///< nobody answered: the device offers no such service, or the peer has none
    scan,         ///< the remote tried many ports, or the device tried many silent peers
    fan_out,      ///< too many peers on one port to name them: allowing it is allowing everyone
    blocklisted,  ///< the remote is on the blocklist
    seen_once,    ///< a single flow with an address without a name
    risky,        ///< a service that malware lives on; see Candidate::risk
    ephemeral,    ///< a port of the dynamic range that changes from flow to flow
    bystander,    ///< a multicast or broadcast that the device takes no part in
    unknown_link  ///< recorded without whether it was in a tunnel or in the clear: Link::unknown
};

/// "unanswered", "scan", "fan-out", …: as in JSON and tables.
[[nodiscard]] std::string_view label(Objection objection);
[[nodiscard]] std::string_view label(Decision decision);

/// One thing that the policy could allow, with its evidence.
struct Candidate {
    std::string id;  ///< "a1", "a2", …: given once per key, kept in the evidence store
    /// "egress tcp/443 *.example.com", "ingress tcp/554 peer:nvr via tunnel": what the id and the
    /// decision stand for.
    std::string key;
    Decision decision = Decision::pending;
    std::string decided_by;  ///< empty while pending
    Objection objection = Objection::none;
    std::string reason;  ///< the objection in words, empty if none
    std::string risk;    ///< why the service is risky; empty if it is not
    bool wide = false;   ///< any remote
    Rule rule;           ///< what it becomes: one service, the remote as text and selector
    ServiceEvidence evidence;
    std::vector<std::string> names;  ///< DNS names behind it, sorted

    /// In the proposal: approved, or pending without objection.
    [[nodiscard]] bool proposed() const {
        return decision == Decision::approved ||
               (decision == Decision::pending && objection == Objection::none);
    }
};

/// The key of a candidate: all that its rule needs, so that it can be read back. In the clear
/// unless it says "via tunnel" or "via any".
/// @param rule  peers are members of its selector, or of `remote` as remote_of_peer() writes them
[[nodiscard]] std::string candidate_key(const Rule& rule);

/// "peer:nvr"
[[nodiscard]] std::string remote_of_peer(std::string_view peer);

/// Whom a candidate allows, for people: "any", "*.example.com, example.com", "peer nvr".
[[nodiscard]] std::string remote_text(const Rule& rule);

/// The candidate that a key stands for, without evidence. Nothing: the text is no key.
[[nodiscard]] std::optional<Candidate> candidate_of(std::string_view key);

}  // namespace tollgate::policy
