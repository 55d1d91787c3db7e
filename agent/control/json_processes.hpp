// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "agent/confine/supervised_process.hpp"
#include "agent/control/json.hpp"

namespace tollgate::agent {

/// `processes` of docs/control-api.md.
[[nodiscard]] Json processes_json(const std::vector<ProcessStatus>& processes);

}  // namespace tollgate::agent
