// SPDX-License-Identifier: MIT
#pragma once

#include "agent/core/exit_code.hpp"
#include "agent/core/options.hpp"

namespace tollgate::agent {

/// Runs the agent with its loop and its listeners until SIGTERM or SIGINT. A failure is in the log.
[[nodiscard]] ExitCode run_daemon(const Options& options);

}  // namespace tollgate::agent
