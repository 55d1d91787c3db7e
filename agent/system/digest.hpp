// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace tollgate::agent {

/// SHA-256 (FIPS 180-4) in lower-case hexadecimal: what was reviewed is what is applied.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace tollgate::agent
