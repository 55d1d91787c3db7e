// SPDX-License-Identifier: MIT
// What the agent does for tunnels: their interfaces are gated, and their peers are known.
#include <algorithm>

#include "agent/core/agent.hpp"
#include "agent/core/flow_records.hpp"
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
    gate.make_steering = [this] {
        return gate_->queue_steering();
    };
    return gate;
}

Result<TunnelPlace> Agent::tunnel_place(const std::string& name) {
    return warden_->add_tunnel(name).and_then(
        [this](std::uint8_t zone) { return gate_->tunnel_place(zone); });
}

bool Agent::has_tunnel() const {
    return std::ranges::any_of(watch_.interfaces(), [](const ProtectedInterface& interface) {
        return interface.link == TG_LINK_TUNNEL;
    });
}

void Agent::tell_link(ObservedEvent& event) const {
    const tg_flow_key& key = event.record.key;
    for (const ProtectedInterface& interface : watch_.interfaces()) {
        if (interface.zone == key.zone) {
            event.link = interface.link;
        }
    }
    if (event.link == TG_LINK_TUNNEL) {
        event.peer = gate_->peer_of(key.zone, {to_address(key.remote), 128});
    }
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
