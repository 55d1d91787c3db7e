// SPDX-License-Identifier: MIT
#include "agent/tunnel/peer_table.hpp"

#include <algorithm>

#include "crypto/random.hpp"

namespace tollgate::agent {

using crypto::Instant;

Peer* PeerTable::add(const crypto::PublicKey& key) {
    if (Peer* peer = find(key)) {
        return peer;
    }
    if (peers_.size() >= kPeersMax) {
        return nullptr;
    }
    auto made = std::make_unique<Peer>(key, [this](std::uint32_t index) { forget_index(index); });
    Peer* peer = peers_.emplace(key, std::move(made)).first->second.get();
    if (free_numbers_.empty()) {
        free_numbers_.push(static_cast<std::uint32_t>(numbered_.size()));
        numbered_.push_back(nullptr);
    }
    peer->number = free_numbers_.top();
    free_numbers_.pop();
    numbered_[peer->number] = peer;
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
    if (peer.handshake) {
        forget_index(peer.handshake->local_index());
    }
    schedule_.erase({peer.scheduled, &peer});
    peers_.erase(crypto::PublicKey{peer.public_key});
}

// While addresses change hands they are nobody's: no rule for a peer matches them.
bool PeerTable::allow(Peer& peer, const Prefix& prefix) {
    if (!gate_.own(prefix, {})) {
        return false;
    }
    if (!allowed_ips_.insert(prefix, peer.number)) {
        gate_.disown(prefix);
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
    gate_.disown(prefix);
}

void PeerTable::disallow_all(Peer& peer) {
    const auto prefixes = prefixes_of(peer);
    for (const Prefix& prefix : prefixes) {
        static_cast<void>(gate_.own(prefix, {}));
    }
    allowed_ips_.remove_all(peer.number);
    for (const Prefix& prefix : prefixes) {
        gate_.disown(prefix);
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

std::uint32_t PeerTable::new_index(Peer& peer) {
    std::uint32_t index = crypto::random_u32();
    while (!indices_.try_emplace(index, &peer).second) {
        index = crypto::random_u32();
    }
    const GateReceiver receiver = gate_.add(index);
    receiver.set_endpoint(peer.endpoint);
    peer.receivers.emplace_back(index, receiver);
    return index;
}

void PeerTable::forget_index(std::uint32_t index) {
    const auto found = indices_.find(index);
    if (found == indices_.end()) {
        return;
    }
    gate_.remove(index, receiver(*found->second, index));
    std::erase_if(found->second->receivers,
                  [&](const auto& known) { return known.first == index; });
    indices_.erase(found);
}

GateReceiver PeerTable::receiver(const Peer& peer, std::uint32_t index) {
    for (const auto& [known, receiver] : peer.receivers) {
        if (known == index) {
            return receiver;
        }
    }
    return {};
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
        for (const auto& [index, receiver] : peer.receivers) {
            receiver.set_endpoint(endpoint);
        }
    }
}

Peer* PeerTable::by_index(std::uint32_t index) const {
    const auto found = indices_.find(index);
    return found == indices_.end() ? nullptr : found->second;
}

// A timer that moved into the future is not rescheduled at once: its peer is looked at too early,
// which costs less than a change of the set for every packet.
void PeerTable::schedule(Peer& peer) {
    const Instant next = peer.timers.next();
    if (next >= peer.scheduled) {
        return;
    }
    schedule_.erase({peer.scheduled, &peer});
    peer.scheduled = next;
    schedule_.insert({next, &peer});
}

Peer* PeerTable::take_due(Instant now) {
    if (next_due() > now) {
        return nullptr;
    }
    Peer* peer = schedule_.begin()->second;
    schedule_.erase(schedule_.begin());
    peer->scheduled = Instant::max();
    return peer;
}

Instant PeerTable::next_due() const {
    return schedule_.empty() ? Instant::max() : schedule_.begin()->first;
}

}  // namespace tollgate::agent
