// SPDX-License-Identifier: MIT
#include "agent/core/tunnel_peers.hpp"

namespace tollgate::agent {

void TunnelPeers::add_tunnel(std::uint8_t zone, const std::vector<IpAddress>& own) {
    tunnels_.try_emplace(zone);
    for (const IpAddress& address : own) {
        own_.emplace(address, zone);
    }
}

// The data path has fewer than AllowedIps takes.
void TunnelPeers::add_address(const PeerAddress& address) {
    static_assert(TG_PEER_ADDRESSES_MAX < AllowedIps::kPrefixesMax);
    const auto tunnel = tunnels_.find(address.zone);
    if (tunnel != tunnels_.end() &&
        tunnel->second.insert(address.prefix, static_cast<AllowedIps::Owner>(names_.size()))) {
        names_.push_back(address.peer);
    }
}

void TunnelPeers::complete(policy::Tuple& tuple, std::uint8_t zone) const {
    const auto tunnel = tunnels_.find(zone);
    if (tunnel == tunnels_.end()) {
        return;
    }
    tuple.link = TG_LINK_TUNNEL;
    tuple.mac.reset();
    const auto owner = tunnel->second.find(tuple.remote);
    tuple.peer = owner ? names_[*owner] : std::string{};
}

std::uint8_t TunnelPeers::zone_of(const IpAddress& own) const {
    const auto found = own_.find(own);
    return found == own_.end() ? 0 : found->second;
}

}  // namespace tollgate::agent
