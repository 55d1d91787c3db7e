// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/tunnel/tunnel_settings.hpp"
#include "crypto/keys.hpp"

namespace tollgate::agent {

struct TunnelFolders {
    std::filesystem::path uapi;         ///< of the sockets for wg(8)
    std::filesystem::path state;        ///< what survives a reboot
    std::filesystem::path credentials;  ///< systemd's $CREDENTIALS_DIRECTORY; empty: none
};

/// The contents of the key files of a tunnel.
struct TunnelKeys {
    crypto::PrivateKey private_key;                              ///< clamped
    Stealth stealth;                                             ///< as the settings say
    std::vector<std::optional<crypto::PresharedKey>> preshared;  ///< one for each peer, in order
};

/// Reads the key files of a tunnel. @return what read_key_file() returns, or that a peer has the
/// tunnel's own key
[[nodiscard]] Result<TunnelKeys> read_tunnel_keys(const TunnelSettings& settings,
                                                  const TunnelFolders& folders);

}  // namespace tollgate::agent
