// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "agent/control/json.hpp"
#include "agent/core/agent.hpp"
#include "agent/core/refusal.hpp"

namespace tollgate::agent {

/// /v1/trace: runs the packet of the request through the loaded program and says what it met and
/// why. @return invalid: not such a packet; not_found: no interface that it could cross
[[nodiscard]] Answer<Json> trace(Agent& agent, const std::string& body);

}  // namespace tollgate::agent
