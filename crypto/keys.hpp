// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace tollgate::crypto {

inline constexpr std::size_t kKeySize = 32;

/// A Curve25519 public key (RFC 7748): the u-coordinate, little-endian.
struct PublicKey {
    std::array<std::byte, kKeySize> bytes{};

    [[nodiscard]] bool is_zero() const { return *this == PublicKey{}; }
    /// Below 2^255 - 19 with the top bit clear, and none of the points of low order. Others are
    /// never sent by an honest peer.
    [[nodiscard]] bool is_sound() const;

    /// 44 characters, as `wg` writes it.
    [[nodiscard]] std::string to_base64() const;
    /// "AbCd…wXyZ": for logs.
    [[nodiscard]] std::string to_short() const;
    [[nodiscard]] static std::optional<PublicKey> parse_base64(std::string_view text);

    auto operator<=>(const PublicKey&) const = default;
};

struct PublicKeyHash {
    [[nodiscard]] std::size_t operator()(const PublicKey& key) const noexcept;
};

using PrivateKey = Secret<kKeySize>;
using PresharedKey = Secret<kKeySize>;  ///< zeros: none
using SymmetricKey = Secret<kKeySize>;
using SharedSecret = Secret<kKeySize>;

/// From the system's random numbers, clamped (RFC 7748, 5).
[[nodiscard]] PrivateKey generate_private_key();
[[nodiscard]] PresharedKey generate_preshared_key();
/// Clears and sets the bits that RFC 7748, 5 says, as `wg` does with a key that it is given.
void clamp(PrivateKey& key);
[[nodiscard]] PublicKey public_key_of(const PrivateKey& key);

/// X25519 (RFC 7748, 5). @return nothing if the result is all zeros, or the point is not sound
[[nodiscard]] std::optional<SharedSecret> shared_secret(const PrivateKey& mine,
                                                        const PublicKey& theirs);

/// Text forms of 32 secret bytes, in constant time. The caller wipes the text.
[[nodiscard]] std::array<char, 44> encode_base64(const Secret<kKeySize>& secret);
[[nodiscard]] std::array<char, 64> encode_hex(const Secret<kKeySize>& secret);
/// @return nothing unless the text is exactly 32 bytes: 44 characters of base64, or 64 of hex
[[nodiscard]] std::optional<Secret<kKeySize>> decode_base64(std::string_view text);
[[nodiscard]] std::optional<Secret<kKeySize>> decode_hex(std::string_view text);

}  // namespace tollgate::crypto
