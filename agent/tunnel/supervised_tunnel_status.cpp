// SPDX-License-Identifier: MIT
#include <cerrno>
#include <unordered_map>
#include <utility>

#include "agent/tunnel/supervised_tunnel.hpp"

namespace tollgate::agent {

int SupervisedTunnel::change_peer(PeerChange change, const std::optional<std::string>& name) {
    if (!tunnel_) {
        return ENETDOWN;
    }
    const crypto::PublicKey key = change.public_key;
    const bool is_removed = change.remove;
    DeviceChange whole;
    whole.peers.push_back(std::move(change));
    const int error = tunnel_->apply(whole);
    if (error != 0 || (!is_removed && !name)) {
        return error;
    }
    if (is_removed) {
        given_names_.erase(key);
    } else {
        given_names_[key] = *name;
    }
    tunnel_->set_peer_names(peer_names());
    return 0;
}

int SupervisedTunnel::set_up(bool up) {
    is_up_ = up;
    return tunnel_ ? tunnel_->set_up(up) : ENETDOWN;
}

PeerNames SupervisedTunnel::peer_names() const {
    PeerNames names = given_names_;
    for (const PeerSettings& peer : settings_.peers) {
        names[peer.public_key] = peer.name;
    }
    return names;
}

std::future<std::optional<TunnelCounters>> SupervisedTunnel::counters() {
    return tunnel_ ? tunnel_->counters() : std::future<std::optional<TunnelCounters>>{};
}

TunnelStatus SupervisedTunnel::status() {
    TunnelStatus status = tunnel_ ? tunnel_->status() : TunnelStatus{};
    status.name = settings_.name;
    status.is_configured = !settings_.is_set_by_wg;
    status.reason = problem_.empty() ? host_problem_ : problem_;
    if (tunnel_) {
        status.mtu = mtu_;
        status.mtu_reason = mtu_reason_;
    }
    add_settings(status);
    return status;
}

// Configured peers first; a peer that only wg(8) knows keeps no name.
void SupervisedTunnel::add_settings(TunnelStatus& status) const {
    status.addresses = settings_.addresses;
    std::unordered_map<crypto::PublicKey, TunnelPeerStatus, crypto::PublicKeyHash> running;
    std::vector<crypto::PublicKey> order;
    for (TunnelPeerStatus& peer : std::exchange(status.peers, {})) {
        order.push_back(peer.public_key);
        running.emplace(peer.public_key, std::move(peer));
    }
    for (std::size_t i = 0; i < settings_.peers.size(); ++i) {
        const PeerSettings& peer = settings_.peers[i];
        const auto found = running.extract(peer.public_key);
        if (!found && tunnel_) {
            continue;  // removed meanwhile
        }
        TunnelPeerStatus& shown =
            status.peers.emplace_back(found ? std::move(found.mapped()) : TunnelPeerStatus{});
        shown.name = peer.name;
        shown.public_key = peer.public_key;
        shown.configured_endpoint = peer.endpoint ? peer.endpoint->to_string() : "";
        if (!found) {
            shown.allowed_ips = peer.allowed_ips;
            shown.persistent_keepalive = peer.persistent_keepalive;
        }
        if (const auto watch = watches_.find(i); watch != watches_.end()) {
            shown.endpoint_problem = watch->second.problem();
        }
    }
    for (const crypto::PublicKey& key : order) {
        if (auto left = running.extract(key)) {
            const auto name = given_names_.find(key);
            left.mapped().name = name == given_names_.end() ? "" : name->second;
            status.peers.push_back(std::move(left.mapped()));
        }
    }
}

}  // namespace tollgate::agent
