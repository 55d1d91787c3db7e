// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/tunnel/secret_text.hpp"

/// Encodings in which a secret may be written down (RFC 4648). What they make is wiped.
namespace tollgate::agent {

[[nodiscard]] SecretText to_base64(std::string_view bytes);
/// Lower case.
[[nodiscard]] SecretText to_hex(std::string_view bytes);

/// Base64 or base64url, with or without its padding. @return nothing: not that
[[nodiscard]] std::optional<SecretText> from_base64(std::string_view text);
/// Upper or lower case. @return nothing: not that
[[nodiscard]] std::optional<SecretText> from_hex(std::string_view text);

}  // namespace tollgate::agent
