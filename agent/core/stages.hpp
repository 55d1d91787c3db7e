// SPDX-License-Identifier: MIT
#pragma once

#include "agent/core/interface_watch.hpp"
#include "agent/core/refusal.hpp"
#include "agent/core/state.hpp"
#include "policy/model.hpp"

namespace tollgate::agent {

/// The protected interfaces that a policy applies to, each in this stage.
/// @return Refusal::Code::invalid: it applies to none
[[nodiscard]] Answer<Stages> stages_of(const policy::Policy& policy,
                                       const InterfaceWatch& watch,
                                       policy::Stage stage);

}  // namespace tollgate::agent
