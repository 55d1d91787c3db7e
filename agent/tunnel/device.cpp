// SPDX-License-Identifier: MIT
#include "agent/tunnel/device.hpp"

#include <utility>

namespace tollgate::agent {

Device::Device(Parts parts)
    : gate_{parts.gate ? std::move(parts.gate) : std::make_unique<NoTunnelGate>()},
      steering_{std::move(parts.steering)},
      peers_{{*gate_, steering_.get(), parts.workers.size()}} {
    for (Worker::Parts& worker : parts.workers) {
        Handshakes::HandOver hand_over;
        if (workers_.empty() && parts.workers.size() > 1) {
            hand_over = [this](const Peer& peer, OpenedInitiation initiation) {
                return owner_of(peer).give(std::move(initiation));
            };
        }
        workers_.push_back(std::make_unique<Worker>(
            std::move(worker),
            Worker::Share{
                peers_, workers_.size(), *gate_, parts.next_timestamp, std::move(hand_over)}));
    }
}

void Device::set_up(bool up, const Now& now) {
    if (up == is_up_) {
        return;
    }
    is_up_ = up;
    first().port().set_carrier(up);
    set_identities();
    peers_.for_each([&](Peer& peer) {
        Worker& owner = owner_of(peer);
        if (!up) {
            owner.handshakes().abandon(peer);
            peer.keypairs.clear();
            owner.egress().drop_staged(peer);
        } else if (peer.timers.persistent_keepalive().count() != 0) {
            owner.egress().send_keepalive(peer, now);
        }
    });
}

void Device::set_identities() {
    for (const auto& worker : workers_) {
        worker->handshakes().set_identity(is_up_ ? identity_ : nullptr);
    }
}

}  // namespace tollgate::agent
