// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

#include "agent/core/interface_watch.hpp"
#include "agent/core/refusal.hpp"
#include "agent/core/state.hpp"
#include "policy/model.hpp"

namespace tollgate::agent {

/// The protected interfaces, and those that were and may come back, such as of tunnels that could
/// not start.
[[nodiscard]] std::set<std::string> known_interfaces(const InterfaceWatch& watch,
                                                     const State& state);

/// The known interfaces that a policy applies to, each in this stage.
/// @return Refusal::Code::invalid: it applies to none that is protected now
[[nodiscard]] Answer<Stages> stages_of(const policy::Policy& policy,
                                       const InterfaceWatch& watch,
                                       const State& state,
                                       policy::Stage stage);

}  // namespace tollgate::agent
