// SPDX-License-Identifier: MIT
#include "policy/reference_peers.hpp"

#include <utility>

namespace tollgate::policy {

void ReferencePeers::allow(const Prefix& prefix, std::string peer, BootTime now) {
    peers_[prefix] = std::move(peer);
    changed_ = now;
}

void ReferencePeers::disallow(const Prefix& prefix, BootTime now) {
    peers_.erase(prefix);
    changed_ = now;
}

std::string ReferencePeers::of(const IpAddress& address) const {
    std::string peer;
    int longest = -1;
    for (const auto& [prefix, name] : peers_) {
        if (prefix.contains(address) && prefix.length > longest) {
            peer = name;
            longest = prefix.length;
        }
    }
    return peer;
}

}  // namespace tollgate::policy
