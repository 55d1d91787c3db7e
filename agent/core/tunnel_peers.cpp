// SPDX-License-Identifier: MIT
#include "agent/core/tunnel_peers.hpp"

namespace tollgate::agent {

void TunnelPeers::add_tunnel(std::uint8_t zone, const std::vector<IpAddress>& own) {
    tunnels_.insert(zone);
    for (const IpAddress& address : own) {
        own_.emplace(address, zone);
    }
}

// By the longest prefix, as the data path and the tunnel do.
void TunnelPeers::complete(policy::Tuple& tuple, std::uint8_t zone) const {
    if (!tunnels_.contains(zone)) {
        return;
    }
    tuple.link = TG_LINK_TUNNEL;
    tuple.mac.reset();
    int longest = -1;
    for (const PeerAddress& address : addresses_) {
        if (address.zone == zone && address.prefix.length > longest &&
            address.prefix.contains(tuple.remote)) {
            tuple.peer = address.peer;
            longest = address.prefix.length;
        }
    }
}

std::uint8_t TunnelPeers::zone_of(const IpAddress& own) const {
    const auto found = own_.find(own);
    return found == own_.end() ? 0 : found->second;
}

}  // namespace tollgate::agent
