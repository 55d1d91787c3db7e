// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/keys.hpp"

namespace tollgate::crypto {

/// Which block of which message's key stream.
struct KeyStreamPlace {
    std::uint64_t counter = 0;  ///< of the message: the nonce, as in nonce_of()
    std::uint32_t block = 0;    ///< 0 is the key of Poly1305, 1 the first of the plaintext
};

inline constexpr std::size_t kLanes = 16;
using KeyStreamBlock = std::array<std::byte, 64>;
using KeyStreamPlaces = std::array<KeyStreamPlace, kLanes>;
struct alignas(64) KeyStreamBlocks {
    std::array<KeyStreamBlock, kLanes> at;
};

/// Computes blocks of ChaCha20 (RFC 8439, 2.3) of several messages under one key side by side, one
/// in each lane of the vector registers: no message is too short to fill them.
using ComputeKeyStream = void (*)(const SymmetricKey& key,
                                  const KeyStreamPlaces& places,
                                  KeyStreamBlocks& blocks) noexcept;

/// Those that this processor can run; the last has the widest registers and is the fastest.
[[nodiscard]] std::span<const ComputeKeyStream> key_streams() noexcept;

}  // namespace tollgate::crypto
