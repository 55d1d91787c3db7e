// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_keys.hpp"

#include <utility>

#include <fmt/format.h>

#include "agent/tunnel/key_file.hpp"

namespace tollgate::agent {

Result<TunnelKeys> read_tunnel_keys(const TunnelSettings& settings, const TunnelFolders& folders) {
    auto own = read_key_file(
        find_private_key(settings.private_key_file, settings.name, folders.credentials));
    if (!own) {
        return Failure{own.error()};
    }
    crypto::clamp(*own);
    TunnelKeys keys{std::move(*own), {}, {}};
    if (settings.stealth != StealthMode::off) {
        auto site = read_key_file(find_site_secret(settings.stealth_key_file, folders.credentials));
        if (!site) {
            return Failure{site.error()};
        }
        keys.stealth = {settings.stealth, std::move(*site)};
    }
    const crypto::PublicKey own_public = crypto::public_key_of(keys.private_key);
    for (const PeerSettings& peer : settings.peers) {
        if (peer.public_key == own_public) {
            return failure(fmt::format("the peer {} (line {}) has this tunnel's own public key",
                                       peer.name,
                                       peer.mark.line));
        }
        auto& preshared = keys.preshared.emplace_back();
        if (peer.preshared_key_file) {
            auto read = read_key_file(*peer.preshared_key_file);
            if (!read) {
                return Failure{read.error()};
            }
            preshared = std::move(*read);
        }
    }
    return keys;
}

}  // namespace tollgate::agent
