// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace tollgate::crypto {

/// Bytes as the C libraries take them.
[[nodiscard]] inline unsigned char* raw(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(bytes);
}
[[nodiscard]] inline const unsigned char* raw(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace tollgate::crypto
