// SPDX-License-Identifier: MIT
#pragma once

#include "agent/control/http_server.hpp"
#include "agent/core/agent.hpp"
#include "agent/core/task_queue.hpp"

namespace tollgate::agent {

/// How many rules have series of their own; the others are summed up as "_other".
inline constexpr std::size_t kRuleSeriesMax = 200;

/// The text of /metrics. Called by the loop's thread.
[[nodiscard]] std::string metrics_text(Agent& agent);

/// Answers GET /metrics, /livez and /readyz. Thread-safe: what it needs of the agent the loop does.
/// A loop that does not answer shows as a request that takes long, and as a missing scrape.
[[nodiscard]] HttpHandler metrics_handler(Agent& agent, TaskQueue& queue);

}  // namespace tollgate::agent
