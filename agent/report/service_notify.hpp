// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace tollgate::agent {

/// Tells systemd about our state (sd_notify(3)): "READY=1", "WATCHDOG=1", "STOPPING=1",
/// "STATUS=…". Does nothing when no service manager listens.
void notify_service_manager(std::string_view state);

/// How often the watchdog wants to hear from us (WATCHDOG_USEC), none if it does not.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace tollgate::agent
