// SPDX-License-Identifier: MIT
#pragma once

#include "agent/core/agent.hpp"
#include "agent/report/metrics.hpp"

namespace tollgate::agent {

/// Reads the counters of the data path and of the agent, for one scrape.
[[nodiscard]] MetricsPage measure(Agent& agent);

}  // namespace tollgate::agent
