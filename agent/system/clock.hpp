// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace tollgate::agent {

/// The two clocks of the agent, so that tests can move them.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Nanoseconds of CLOCK_BOOTTIME: the data path's clock.
    [[nodiscard]] virtual std::uint64_t boot_ns() const = 0;
    /// Nanoseconds since 1970, UTC.
    [[nodiscard]] virtual std::int64_t wall_ns() const = 0;

    /// Added to a wall-clock time in nanoseconds to get CLOCK_BOOTTIME.
    [[nodiscard]] std::int64_t boot_minus_wall_ns() const {
        return static_cast<std::int64_t>(boot_ns()) - wall_ns();
    }
    [[nodiscard]] std::int64_t wall_seconds() const { return wall_ns() / 1'000'000'000; }
};

/// The machine's clocks.
class SystemClock : public Clock {
  public:
    [[nodiscard]] std::uint64_t boot_ns() const override;
    [[nodiscard]] std::int64_t wall_ns() const override;
};

}  // namespace tollgate::agent
