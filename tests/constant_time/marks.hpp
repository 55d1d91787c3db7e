// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <tuple>

#include <valgrind/memcheck.h>

namespace tollgate::test {

/// From now on memcheck reports a branch or an address that depends on these bytes, or on what is
/// computed from them. They keep their values.
inline void mark_secret(std::span<const std::byte> bytes) {
    VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

/// What everybody may see: what is sent, and the answer whether something is authentic.
inline void mark_public(std::span<const std::byte> bytes) {
    VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}

template <typename Value>
void mark_public(Value& value) {
    mark_public(std::as_bytes(std::span{&value, 1}));
}

/// Whether all of these bytes depend on a secret: if not, nothing was shown about them.
inline bool is_secret(std::span<const std::byte> bytes) {
    for (const std::byte& byte : bytes) {
        unsigned char unknown_bits = 0;
        std::ignore = VALGRIND_GET_VBITS(&byte, &unknown_bits, 1);
        if (unknown_bits == 0) {
            return false;
        }
    }
    return true;
}

/// What memcheck has reported so far.
inline unsigned reports() {
    return static_cast<unsigned>(VALGRIND_COUNT_ERRORS);
}

}  // namespace tollgate::test
