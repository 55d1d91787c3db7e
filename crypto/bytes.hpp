// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

namespace tollgate::crypto {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// Time since boot, suspend included (CLOCK_BOOTTIME): what WireGuard's timers count.
using Instant = std::chrono::nanoseconds;

}  // namespace tollgate::crypto
