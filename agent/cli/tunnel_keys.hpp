// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>

#include <tollgate/result.hpp>

#include "agent/tunnel/secret_text.hpp"
#include "crypto/keys.hpp"

/// Keys of tunnels on their way in and out. Past the streams, whose buffers nobody wipes.
namespace tollgate::cli {

/// Base64 and a line break, as wg(8) writes it.
[[nodiscard]] agent::SecretText key_line(const crypto::Secret<crypto::kKeySize>& key);

/// Writes to standard output. @return as write(2)
[[nodiscard]] Result<void> print_secret(const agent::SecretText& text);
/// Standard output is a file that everybody may read or write.
[[nodiscard]] bool stdout_is_open_file();

/// Writes a new file with the mode 0600. @return EEXIST: there is one; nothing has changed
[[nodiscard]] Result<void> write_new_secret(const std::filesystem::path& path,
                                            const agent::SecretText& text);

/// A key in base64, spaces and line breaks around it, and nothing else. No copy stays behind.
[[nodiscard]] std::optional<crypto::PrivateKey> read_private_key(int file);

}  // namespace tollgate::cli
