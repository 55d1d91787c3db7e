// SPDX-License-Identifier: MIT
#include "agent/tunnel/owned_peers.hpp"

#include <algorithm>

#include "crypto/random.hpp"

namespace tollgate::agent {

using crypto::Instant;

std::uint32_t OwnedPeers::new_index(Peer& peer) {
    std::uint32_t index = crypto::random_u32();
    while (worker_of(index, workers_) != worker_ || !indices_.try_emplace(index, &peer).second) {
        index = crypto::random_u32();
    }
    const GateReceiver receiver = gate_.add(index);
    receiver.set_endpoint(peer.endpoint);
    peer.receivers.emplace_back(index, receiver);
    return index;
}

Peer* OwnedPeers::by_index(std::uint32_t index) const {
    const auto found = indices_.find(index);
    return found == indices_.end() ? nullptr : found->second;
}

void OwnedPeers::forget_index(std::uint32_t index) {
    const auto found = indices_.find(index);
    if (found == indices_.end()) {
        return;
    }
    gate_.remove(index, receiver(*found->second, index));
    std::erase_if(found->second->receivers,
                  [&](const auto& known) { return known.first == index; });
    indices_.erase(found);
}

GateReceiver OwnedPeers::receiver(const Peer& peer, std::uint32_t index) {
    for (const auto& [known, receiver] : peer.receivers) {
        if (known == index) {
            return receiver;
        }
    }
    return {};
}

// A timer that moved into the future is not rescheduled at once: its peer is looked at too early,
// which costs less than a change of the set for every packet.
void OwnedPeers::schedule(Peer& peer) {
    const Instant next = peer.timers.next();
    if (next >= peer.scheduled) {
        return;
    }
    schedule_.erase({peer.scheduled, &peer});
    peer.scheduled = next;
    schedule_.insert({next, &peer});
}

Peer* OwnedPeers::take_due(Instant now) {
    if (next_due() > now) {
        return nullptr;
    }
    Peer* peer = schedule_.begin()->second;
    schedule_.erase(schedule_.begin());
    peer->scheduled = Instant::max();
    return peer;
}

Instant OwnedPeers::next_due() const {
    return schedule_.empty() ? Instant::max() : schedule_.begin()->first;
}

void OwnedPeers::forget(Peer& peer) {
    if (peer.handshake) {
        forget_index(peer.handshake->local_index());
    }
    schedule_.erase({peer.scheduled, &peer});
}

}  // namespace tollgate::agent
