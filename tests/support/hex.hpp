// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.hpp"
#include "crypto/keys.hpp"

namespace tollgate::test {

/// The bytes that `text` says; white space is skipped.
inline std::vector<std::byte> unhex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::vector<std::byte> bytes;
    std::size_t digits = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\n') {
            continue;
        }
        const std::size_t value = kDigits.find(c);
        if (value == std::string_view::npos) {
            throw std::invalid_argument("not lower-case hex: " + std::string(text));
        }
        if (digits++ % 2 == 0) {
            bytes.push_back(static_cast<std::byte>(value << 4U));
        } else {
            bytes.back() |= static_cast<std::byte>(value);
        }
    }
    return bytes;
}

inline std::string hex(crypto::Bytes bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += kDigits[std::to_integer<std::size_t>(byte >> 4U)];
        text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0xf})];
    }
    return text;
}

template <std::size_t N>
std::array<std::byte, N> unhex_array(std::string_view text) {
    const std::vector<std::byte> bytes = unhex(text);
    if (bytes.size() != N) {
        throw std::invalid_argument("not the right length: " + std::string(text));
    }
    std::array<std::byte, N> array;
    std::copy(bytes.begin(), bytes.end(), array.begin());
    return array;
}

inline crypto::Secret<crypto::kKeySize> unhex_secret(std::string_view text) {
    return crypto::Secret<crypto::kKeySize>{unhex_array<crypto::kKeySize>(text)};
}

inline crypto::PublicKey unhex_public_key(std::string_view text) {
    return crypto::PublicKey{unhex_array<crypto::kKeySize>(text)};
}

/// `size` bytes 0, 1, 2, …
inline std::vector<std::byte> counting(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i);
    }
    return bytes;
}

inline std::vector<std::byte> ascii(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

}  // namespace tollgate::test
