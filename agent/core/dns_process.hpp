// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/confine/confined_process.hpp"

namespace tollgate::agent {

/// The process that parses DNS messages: it can read and write one socket, and nothing else.
inline constexpr auto kDnsRole = "dns";

/// Starts it. Its channel takes questions and gives answers (dns_wire.hpp).
[[nodiscard]] Result<ConfinedProcess> start_dns_process();

/// What it does. @param arguments none
/// @return its exit code
[[nodiscard]] int run_dns(const std::vector<std::string>& arguments);

}  // namespace tollgate::agent
