// SPDX-License-Identifier: MIT
#include "agent/tunnel/worker.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::agent {

using crypto::Instant;
using crypto::MutableBytes;

namespace {

// So much of one kind before the others get their turn.
constexpr int kArrivalsMax = 16;
constexpr int kHostPacketsMax = 64;
constexpr int kHandshakesMax = 8;

}  // namespace

Worker::Worker(Parts parts, Share share)
    : link_{std::move(parts.link)},
      port_{std::move(parts.port)},
      aead_{std::move(parts.aead)},
      inbox_{std::move(parts.inbox)},
      owned_{share.peers.owned_by(share.number)},
      handshakes_{{share.peers,
                   owned_,
                   *link_,
                   share.gate,
                   std::move(share.next_timestamp),
                   std::move(share.hand_over),
                   inbox_.get()}},
      egress_{{share.peers, owned_, handshakes_, *link_, *aead_}},
      ingress_{{share.peers, owned_, handshakes_, egress_, *port_, *aead_}} {
    follow_mtu();
}

void Worker::link_is_readable(int descriptor, const Now& now) {
    for (int taken = 0; taken < kArrivalsMax;) {
        const std::span<Arrival> arrivals = link_->receive(descriptor);
        if (arrivals.empty()) {
            return;
        }
        for (const Arrival& arrival : arrivals) {
            ingress_.take(arrival, now);
            ++taken;
        }
        ingress_.flush(now);
    }
}

void Worker::port_is_readable(const Now& now) {
    follow_mtu();
    for (int taken = 0; taken < kHostPacketsMax; ++taken) {
        const auto packet = port_->receive();
        if (!packet) {
            break;
        }
        if (!egress_.add(*packet, now)) {
            tell_unreachable(*packet, now);
        }
    }
    egress_.flush(now);
}

void Worker::follow_mtu() {
    const std::size_t mtu = port_->mtu();
    egress_.set_mtu(mtu);
    ingress_.set_mtu(mtu);
}

void Worker::tell_unreachable(const HostPacket& packet, const Now& now) {
    const MutableBytes message = unreachable_.answer(packet, now.boot);
    if (!message.empty()) {
        port_->send({&message, 1});
    }
}

Instant Worker::work(const Now& now) {
    for (int done = 0; done < kHandshakesMax && handshakes_.has_waiting(); ++done) {
        if (Peer* peer = handshakes_.process_one(now)) {
            egress_.send_staged(*peer, now);
        }
    }
    handshakes_.tell_gate(now);
    while (Peer* peer = owned_.take_due(now.boot)) {
        do_due(*peer, now);
        owned_.schedule(*peer);
    }
    return handshakes_.has_waiting() ? now.boot
                                     : std::min(owned_.next_due(), handshakes_.next_demands(now));
}

void Worker::do_due(Peer& peer, const Now& now) {
    using Due = PeerTimers::Due;
    for (Due due = peer.timers.take(now.boot); due != Due::nothing;
         due = peer.timers.take(now.boot)) {
        switch (due) {
            case Due::retry_handshake:
            case Due::new_handshake:
                // The address that we sent from may be what does not work any more.
                peer.endpoint.forget_local();
                handshakes_.initiate(peer, now);
                break;
            case Due::give_up_handshake:
                egress_.drop_staged(peer);
                break;
            case Due::keepalive:
            case Due::persistent_keepalive:
                egress_.send_keepalive(peer, now);
                break;
            case Due::forget_keys:
                handshakes_.forget(peer);
                peer.keypairs.clear();
                break;
            case Due::nothing:
                break;
        }
    }
}

}  // namespace tollgate::agent
