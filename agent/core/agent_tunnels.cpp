// SPDX-License-Identifier: MIT
// What the agent does for tunnels: their interfaces are gated, and their peers are known.
#include "agent/core/agent.hpp"
#include "agent/report/log.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

GateForTunnels Agent::gate_for_tunnels() {
    GateForTunnels gate;
    gate.open = [this](const std::string& name) {
        return warden_->add_tunnel(name).and_then(
            [this](std::uint8_t zone) { return gate_->tunnel_gate(zone); });
    };
    gate.attach = [this](const std::string& name) {
        return watch_.attach_tunnel(name, warden_->state().zones.at(name));
    };
    gate.detach = [this](const std::string& name) {
        watch_.forget_tunnel(name);
    };
    return gate;
}

TunnelPeers Agent::tunnel_peers() {
    TunnelPeers peers;
    for (const ProtectedInterface& interface : watch_.interfaces()) {
        if (interface.link != TG_LINK_TUNNEL) {
            continue;
        }
        std::vector<IpAddress> own;
        for (const auto& address :
             interface_addresses(interface.name).value_or(std::vector<InterfaceAddress>{})) {
            own.push_back(address.address);
        }
        peers.add_tunnel(interface.zone, own);
    }
    auto addresses = gate_->peer_addresses();
    if (!addresses) {
        log(LogLevel::warn, "peers.unread", {{"error", addresses.error().message()}});
        return peers;
    }
    for (const PeerAddress& address : *addresses) {
        peers.add_address(address);
    }
    return peers;
}

}  // namespace tollgate::agent
