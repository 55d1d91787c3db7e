// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/control/json.hpp"
#include "agent/core/agent.hpp"

namespace tollgate::agent {

inline constexpr std::size_t kLiveFlowsMax = 1000;

/// /v1/flows/live: what is in the flow table now, the flows with the latest packets first. Takes
/// one walk over the table.
/// @param last  at most so many, and at most kLiveFlowsMax
[[nodiscard]] Json live_flows_json(Agent& agent, std::uint64_t last);

}  // namespace tollgate::agent
