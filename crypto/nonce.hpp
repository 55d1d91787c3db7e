// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tollgate::crypto {

/// Of RFC 8439, as the libraries take it.
using Nonce = std::array<unsigned char, 12>;

/// 32 zero bits, then the counter, little-endian (paper, 5.4.6).
[[nodiscard]] inline Nonce nonce_of(std::uint64_t counter) noexcept {
    Nonce nonce{};
    for (std::size_t i = 0; i < sizeof counter; ++i) {
        nonce[4 + i] = static_cast<unsigned char>(counter >> (8 * i));
    }
    return nonce;
}

}  // namespace tollgate::crypto
