// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "agent/confine/supervised_process.hpp"
#include "agent/report/metrics.hpp"

namespace tollgate::agent {

/// Adds what the metrics say of the agent's parts that are processes of their own.
void add_processes(const std::vector<ProcessStatus>& processes, MetricsPage& page);

}  // namespace tollgate::agent
