// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "agent/cli/json.hpp"
#include "agent/cli/screen.hpp"
#include "policy/simulate.hpp"

namespace tollgate::cli {

/// The object Simulation (docs/json/simulation.schema.json).
[[nodiscard]] Json describe_simulation(const policy::SimulationReport& report,
                                       const std::string& policy_name);

void print_simulation(Screen& screen, const Json& simulation);

}  // namespace tollgate::cli
