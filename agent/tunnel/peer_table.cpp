// SPDX-License-Identifier: MIT
#include "agent/tunnel/peer_table.hpp"

#include <algorithm>

namespace tollgate::agent {

PeerTable::PeerTable(const Parts& parts)
    : gate_{parts.gate}, steering_{parts.steering}, sources_{parts.gate} {
    for (std::size_t worker = 0; worker < parts.workers; ++worker) {
        owned_.push_back(std::make_unique<OwnedPeers>(worker, parts.workers, gate_));
    }
}

Peer* PeerTable::add(const crypto::PublicKey& key) {
    if (Peer* peer = find(key)) {
        return peer;
    }
    if (peers_.size() >= kPeersMax) {
        return nullptr;
    }
    if (free_numbers_.empty()) {
        free_numbers_.push(static_cast<std::uint32_t>(numbered_.size()));
        numbered_.push_back(nullptr);
    }
    const std::uint32_t number = free_numbers_.top();
    free_numbers_.pop();
    OwnedPeers& owned = *owned_[number % owned_.size()];
    auto made =
        std::make_unique<Peer>(key, [&owned](std::uint32_t index) { owned.forget_index(index); });
    Peer* peer = peers_.emplace(key, std::move(made)).first->second.get();
    peer->number = number;
    peer->worker = number % owned_.size();
    numbered_[number] = peer;
    return peer;
}

Peer* PeerTable::find(const crypto::PublicKey& key) const {
    const auto found = peers_.find(key);
    return found == peers_.end() ? nullptr : found->second.get();
}

Peer* PeerTable::route(const IpAddress& inner) const {
    const auto number = allowed_ips_.find(inner);
    return number ? numbered_[*number] : nullptr;
}

void PeerTable::remove(Peer& peer) {
    disallow_all(peer);
    sources_.remove(peer.endpoint);
    numbered_[peer.number] = nullptr;
    free_numbers_.push(peer.number);
    owned_[peer.worker]->forget(peer);
    peers_.erase(crypto::PublicKey{peer.public_key});
}

// While addresses change hands they are nobody's: no rule for a peer matches them.
bool PeerTable::allow(Peer& peer, const Prefix& prefix) {
    if (!steer(prefix, peer)) {
        return false;
    }
    if (!gate_.own(prefix, {})) {
        steer_back(prefix);
        return false;
    }
    if (!allowed_ips_.insert(prefix, peer.number)) {
        gate_.disown(prefix);
        steer_back(prefix);
        return false;
    }
    static_cast<void>(gate_.own(prefix, name_of(peer.public_key)));
    return true;
}

void PeerTable::disallow(Peer& peer, const Prefix& prefix) {
    const auto prefixes = prefixes_of(peer);
    if (std::ranges::find(prefixes, prefix) == prefixes.end()) {
        return;
    }
    static_cast<void>(gate_.own(prefix, {}));
    allowed_ips_.remove(prefix, peer.number);
    steer_back(prefix);
    gate_.disown(prefix);
}

void PeerTable::disallow_all(Peer& peer) {
    const auto prefixes = prefixes_of(peer);
    for (const Prefix& prefix : prefixes) {
        static_cast<void>(gate_.own(prefix, {}));
    }
    allowed_ips_.remove_all(peer.number);
    for (const Prefix& prefix : prefixes) {
        steer_back(prefix);
        gate_.disown(prefix);
    }
}

bool PeerTable::steer(const Prefix& prefix, const Peer& peer) {
    return steering_ == nullptr ||
           steering_->put(prefix, static_cast<std::uint32_t>(peer.worker)).has_value();
}

// To whoever has the prefix. If that fails packets reach a worker that drops them.
void PeerTable::steer_back(const Prefix& prefix) {
    if (steering_ == nullptr) {
        return;
    }
    if (const auto number = allowed_ips_.owner_of(prefix)) {
        static_cast<void>(steer(prefix, *numbered_[*number]));
    } else {
        steering_->remove(prefix);
    }
}

void PeerTable::set_names(PeerNames names) {
    const PeerNames before = std::exchange(names_, std::move(names));
    for_each([&](const Peer& peer) {
        const auto old = before.find(peer.public_key);
        const std::string_view name = name_of(peer.public_key);
        if (name == (old == before.end() ? std::string_view{} : old->second)) {
            return;
        }
        for (const Prefix& prefix : prefixes_of(peer)) {
            static_cast<void>(gate_.own(prefix, name));
        }
    });
}

std::vector<Prefix> PeerTable::prefixes_of(const Peer& peer) const {
    std::vector<Prefix> prefixes;
    allowed_ips_.for_each(peer.number, [&](const Prefix& prefix) { prefixes.push_back(prefix); });
    return prefixes;
}

std::string_view PeerTable::name_of(const crypto::PublicKey& key) const {
    const auto found = names_.find(key);
    return found == names_.end() ? std::string_view{} : found->second;
}

void PeerTable::set_endpoint(Peer& peer, const Endpoint& endpoint) {
    const bool moved = !peer.endpoint.same_place(endpoint);
    peer.endpoint_changes += moved && peer.endpoint.is_known() ? 1U : 0U;
    if (moved) {
        sources_.add(endpoint);
        sources_.remove(peer.endpoint);
    }
    peer.endpoint = endpoint;
    if (moved) {
        {
            const std::lock_guard lock{places_mutex_};
            peer.place = {endpoint.address, endpoint.port};
        }
        for (const auto& [index, receiver] : peer.receivers) {
            receiver.set_endpoint(endpoint);
        }
    }
}

Place PeerTable::place_of(const Peer& peer) {
    const std::lock_guard lock{places_mutex_};
    return peer.place;
}

}  // namespace tollgate::agent
