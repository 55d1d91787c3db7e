// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "agent/core/agent.hpp"
#include "agent/core/effect.hpp"
#include "agent/core/event_history.hpp"
#include "policy/learn.hpp"

/// The objects of docs/control-api.md.
namespace tollgate::agent {

using Json = nlohmann::ordered_json;

/// {"apiVersion": "tollgate/v1", "kind": kind}
[[nodiscard]] Json envelope(std::string_view kind);

/// RFC 3339 in UTC with seconds.
[[nodiscard]] std::string time_json(std::int64_t wall_seconds);
[[nodiscard]] std::string time_json(policy::Timestamp at);

[[nodiscard]] Json error_json(const Refusal& refusal);
[[nodiscard]] int http_status(const Refusal& refusal);

[[nodiscard]] Json status_json(Agent& agent);
[[nodiscard]] Json counters_json(const tg_interface_counters& counters);
[[nodiscard]] Json pending_json(const PendingChange& pending, std::uint64_t remaining_ns);

[[nodiscard]] Json rule_json(const policy::Rule& rule);
[[nodiscard]] Json policy_json(Agent& agent, bool effective);
[[nodiscard]] Json history_json(const State& state);
[[nodiscard]] Json effect_json(const Effect& effect);
[[nodiscard]] Json diff_json(const policy::Policy& before, const policy::Policy& after);

[[nodiscard]] Json flow_json(const JudgedFlow& judged);
[[nodiscard]] Json candidate_json(const policy::Candidate& candidate, bool covered);
[[nodiscard]] Json learn_status_json(Agent& agent);

/// @param policy  in force: names the rule and, for drops, the nearest misses
[[nodiscard]] Json event_json(const ObservedEvent& event,
                              const std::string& interface,
                              const LoadedPolicy& policy);

}  // namespace tollgate::agent
