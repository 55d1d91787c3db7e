// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <tollgate/result.hpp>

#include "agent/tunnel/secret_text.hpp"
#include "crypto/keys.hpp"

/// Files with a secret: one key in base64, as `wg genkey` and `wg genpsk` write them, or a token.
namespace tollgate::agent {

inline constexpr const char* kConfigFolder = "/etc/tollgate";

/// Reads a private or preshared key, or the secret of a site. The file has to be a regular one, no
/// symbolic link, of root or the user of this process, and closed to everybody else. No copy of the
/// key stays in memory.
/// @return a sentence that says what to do about it
[[nodiscard]] Result<crypto::Secret<crypto::kKeySize>> read_key_file(
    const std::filesystem::path& path);

/// Reads a token for another host: one line of 1 to 4096 printable ASCII characters without spaces.
/// The same is asked of the file.
/// @return a sentence that says what to do about it
[[nodiscard]] Result<SecretText> read_token_file(const std::filesystem::path& path);

/// Where the private key of a tunnel is: in the file that is configured; else NAME.key among the
/// credentials that systemd has given to the service, if it is there; else /etc/tollgate/NAME.key.
/// @param credentials  $CREDENTIALS_DIRECTORY; empty: none
[[nodiscard]] std::filesystem::path find_private_key(
    const std::optional<std::filesystem::path>& configured,
    const std::string& tunnel,
    const std::filesystem::path& credentials);

/// The same for the secret of the site, which all tunnels share: the name is stealth.secret.
[[nodiscard]] std::filesystem::path find_site_secret(
    const std::optional<std::filesystem::path>& configured,
    const std::filesystem::path& credentials);

}  // namespace tollgate::agent
