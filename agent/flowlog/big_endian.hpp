// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace tollgate::agent {

/// Writes a number over the bytes from `at` on, in network order.
void put_big_endian(std::string& bytes, std::size_t at, std::unsigned_integral auto number) {
    for (std::size_t i = sizeof number; i-- > 0;) {
        bytes[at + i] = static_cast<char>(number & 0xffU);
        if constexpr (sizeof number > 1) {
            number = static_cast<decltype(number)>(number >> 8U);
        }
    }
}

/// Adds a number in network order.
void append_big_endian(std::string& bytes, std::unsigned_integral auto number) {
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof number);
    put_big_endian(bytes, at, number);
}

}  // namespace tollgate::agent
