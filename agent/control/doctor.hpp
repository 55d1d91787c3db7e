// SPDX-License-Identifier: MIT
#pragma once

#include "agent/control/json.hpp"
#include "agent/core/agent.hpp"

namespace tollgate::agent {

/// /v1/doctor: what only the agent can tell about its health. What anybody can see of the host, the
/// CLI looks at (agent/doctor).
/// @param caller  the connection that must not be lost; empty: none
[[nodiscard]] Json doctor_json(Agent& agent, const Session& caller);

}  // namespace tollgate::agent
