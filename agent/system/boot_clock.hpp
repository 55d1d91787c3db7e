// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tollgate::agent {

/// Nanoseconds of CLOCK_BOOTTIME: the data path's clock. Runs on while the machine sleeps; starts
/// again at a reboot.
[[nodiscard]] std::uint64_t boot_time_ns();

/// Nanoseconds since 1970, UTC.
[[nodiscard]] std::int64_t wall_time_ns();

/// What to add to a wall-clock time in nanoseconds to get CLOCK_BOOTTIME. Changes when the wall
/// clock is set.
[[nodiscard]] std::int64_t boot_minus_wall_ns();

}  // namespace tollgate::agent
