// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "crypto/bytes.hpp"

namespace tollgate::crypto {

/// From the system's random numbers.
[[nodiscard]] std::uint32_t random_u32();
void fill_random(MutableBytes bytes);

}  // namespace tollgate::crypto
