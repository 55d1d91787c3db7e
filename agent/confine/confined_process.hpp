// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <tollgate/result.hpp>

#include "agent/confine/confinement.hpp"
#include "agent/system/child_process.hpp"

namespace tollgate::agent {

/// A part of the agent that has said that it is confined.
struct ConfinedProcess {
    ChildProcess process;
    ConfinementReport report;
};

/// Starts a part, and waits until it is confined: no stranger's byte reaches it before.
/// @return it ended, or said nothing in time; else as ChildProcess::start()
[[nodiscard]] Result<ConfinedProcess> start_confined(
    const ChildProcess::Plan& plan,
    std::chrono::milliseconds patience = std::chrono::seconds{5});

/// The other side: what a part does first. Confines it and tells the agent. The channel stays open,
/// and so do as many descriptors as the plan has.
/// @return why it must end
[[nodiscard]] Result<void> begin_confined(Confinement wanted, int descriptors);

}  // namespace tollgate::agent
