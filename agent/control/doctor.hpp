// SPDX-License-Identifier: MIT
#pragma once

#include "agent/control/json.hpp"
#include "agent/core/agent.hpp"

namespace tollgate::agent {

/// /v1/doctor: what the agent itself can tell about its health, one check for each thing that was
/// ever found wrong.
[[nodiscard]] Json doctor_json(Agent& agent);

}  // namespace tollgate::agent
