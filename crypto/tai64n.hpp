// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>

namespace tollgate::crypto {

/// The timestamp of a handshake initiation: TAI64N, 8 bytes of seconds and 4 of nanoseconds,
/// big-endian, so that later is greater.
struct Tai64n {
    std::array<std::byte, 12> bytes{};

    /// Rounded down to 2^24 ns (16.8 ms), so that it tells a passive peer little of our clock.
    [[nodiscard]] static Tai64n from(std::chrono::sys_time<std::chrono::nanoseconds> time);
    /// The smallest rounded one that is later than this.
    [[nodiscard]] Tai64n next() const;
    /// The start of 1970 if it is earlier; about 2262, where this clock ends, if it is later.
    [[nodiscard]] std::chrono::sys_time<std::chrono::nanoseconds> to_time() const;

    auto operator<=>(const Tai64n&) const = default;
};

}  // namespace tollgate::crypto
