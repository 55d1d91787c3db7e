// SPDX-License-Identifier: MIT
#include "agent/system/clock.hpp"

#include "agent/system/boot_clock.hpp"

namespace tollgate::agent {

std::uint64_t SystemClock::boot_ns() const {
    return boot_time_ns();
}

std::int64_t SystemClock::wall_ns() const {
    return wall_time_ns();
}

}  // namespace tollgate::agent
