// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_change.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace tollgate::agent {

namespace {

using crypto::PublicKey;
using crypto::PublicKeyHash;
template <typename Value>
using ByKey = std::unordered_map<PublicKey, Value, PublicKeyHash>;

bool same_secret(const std::optional<crypto::PresharedKey>& left,
                 const std::optional<crypto::PresharedKey>& right) {
    return left && right ? *left == *right : left.has_value() == right.has_value();
}

// Only an address that the file did not name before: the peer may have moved since.
void set_endpoint(PeerChange& change, const PeerSettings* before, const PeerSettings& wanted) {
    if (wanted.endpoint && (before == nullptr || before->endpoint != wanted.endpoint)) {
        change.endpoint = Endpoint::parse(wanted.endpoint->to_string());
    }
}

void set_allowed_ips(PeerChange& change, const PeerState& running, const PeerSettings& wanted) {
    for (const Prefix& prefix : running.allowed_ips) {
        if (std::find(wanted.allowed_ips.begin(), wanted.allowed_ips.end(), prefix) ==
            wanted.allowed_ips.end()) {
            change.allowed_ips.push_back({prefix, true});
        }
    }
    for (const Prefix& prefix : wanted.allowed_ips) {
        if (std::find(running.allowed_ips.begin(), running.allowed_ips.end(), prefix) ==
            running.allowed_ips.end()) {
            change.allowed_ips.push_back({prefix, false});
        }
    }
}

PeerChange change_of(const PeerState& running,
                     const PeerSettings& wanted,
                     const std::optional<crypto::PresharedKey>& preshared) {
    PeerChange change;
    change.public_key = wanted.public_key;
    if (!same_secret(running.preshared_key, preshared)) {
        change.preshared_key = preshared ? preshared->clone() : crypto::PresharedKey{};
    }
    if (running.persistent_keepalive != wanted.persistent_keepalive) {
        change.persistent_keepalive = wanted.persistent_keepalive;
    }
    set_allowed_ips(change, running, wanted);
    return change;
}

bool is_empty(const PeerChange& change) {
    return !change.remove && !change.preshared_key && !change.endpoint &&
           !change.persistent_keepalive && change.allowed_ips.empty();
}

void set_device(DeviceChange& change,
                const DeviceState& running,
                const TunnelSettings& wanted,
                const TunnelKeys& keys) {
    if (!running.private_key || *running.private_key != keys.private_key) {
        change.private_key = keys.private_key.clone();
    }
    if (wanted.listen_port != 0 && wanted.listen_port != running.listen_port) {
        change.listen_port = wanted.listen_port;
    }
    if (wanted.fwmark != running.fwmark) {
        change.fwmark = wanted.fwmark;
    }
    if (running.stealth != keys.stealth) {
        change.stealth = keys.stealth.clone();
    }
}

}  // namespace

DeviceChange difference(const DeviceState& running,
                        const TunnelSettings* before,
                        const TunnelSettings& wanted,
                        const TunnelKeys& keys) {
    ByKey<const PeerState*> there;
    for (const PeerState& peer : running.peers) {
        there.emplace(peer.public_key, &peer);
    }
    ByKey<const PeerSettings*> told;
    for (std::size_t i = 0; before != nullptr && i < before->peers.size(); ++i) {
        told.emplace(before->peers[i].public_key, &before->peers[i]);
    }
    DeviceChange change;
    set_device(change, running, wanted, keys);
    std::unordered_set<PublicKey, PublicKeyHash> stays;
    for (const PeerSettings& peer : wanted.peers) {
        stays.insert(peer.public_key);
    }
    for (const PeerState& peer : running.peers) {
        if (!stays.contains(peer.public_key)) {
            PeerChange& removal = change.peers.emplace_back();
            removal.public_key = peer.public_key;
            removal.remove = true;
        }
    }
    const PeerState none;
    for (std::size_t i = 0; i < wanted.peers.size(); ++i) {
        const PeerSettings& peer = wanted.peers[i];
        const auto found = there.find(peer.public_key);
        const bool is_new = found == there.end();
        const auto known = told.find(peer.public_key);
        PeerChange difference = change_of(is_new ? none : *found->second, peer, keys.preshared[i]);
        set_endpoint(difference, is_new || known == told.end() ? nullptr : known->second, peer);
        if (is_new || !is_empty(difference)) {
            change.peers.push_back(std::move(difference));
        }
    }
    return change;
}

bool is_empty(const DeviceChange& change) {
    return !change.private_key && !change.listen_port && !change.fwmark && !change.stealth &&
           !change.replace_peers && change.peers.empty();
}

std::vector<Prefix> routes_of(const TunnelSettings& settings) {
    std::vector<Prefix> routes;
    for (const PeerSettings& peer : settings.peers) {
        for (const Prefix& prefix : peer.allowed_ips) {
            const bool is_covered = std::any_of(
                settings.addresses.begin(), settings.addresses.end(), [&](const auto& address) {
                    return address.network.contains(prefix);
                });
            if (!is_covered) {
                routes.push_back(prefix);
            }
        }
    }
    return routes;
}

}  // namespace tollgate::agent
