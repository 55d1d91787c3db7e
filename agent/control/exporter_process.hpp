// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/confine/confined_process.hpp"
#include "agent/control/exporter_page.hpp"

namespace tollgate::agent {

/// The process that speaks HTTP with whoever scrapes. It holds the socket that listens, and asks
/// the agent for whole pages; of the agent's state it has nothing.
inline constexpr auto kExporterRole = "exporter";
/// Requests at the same time; each has a channel of its own to the agent.
inline constexpr std::size_t kExporterThreads = 2;

/// Starts it.
/// @param listener  the TCP socket
/// @param channels  kExporterThreads ends
[[nodiscard]] Result<ConfinedProcess> start_exporter(int listener,
                                                     const std::vector<PageChannel>& channels);

/// What it does. @param arguments none
/// @return its exit code
[[nodiscard]] int run_exporter(const std::vector<std::string>& arguments);

}  // namespace tollgate::agent
