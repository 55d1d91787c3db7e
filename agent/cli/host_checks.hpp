// SPDX-License-Identifier: MIT
#pragma once

#include "agent/cli/client.hpp"
#include "agent/cli/options.hpp"

namespace tollgate::cli {

/// A Doctor object of what can be seen of this host without an agent.
/// @param agent  the failed attempt to ask it
[[nodiscard]] Json check_host(const Answer& agent, const Options& options);

}  // namespace tollgate::cli
