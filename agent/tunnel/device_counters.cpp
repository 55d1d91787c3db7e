// SPDX-License-Identifier: MIT
#include "agent/tunnel/device.hpp"

namespace tollgate::agent {

namespace {

bool is_up(const Peer& peer, const Now& now) {
    const crypto::Keypair* keypair = peer.keypairs.current();
    return keypair != nullptr && !keypair->is_expired(now.boot);
}

PeerCounters counters_of(const Peer& peer, const Now& now) {
    PeerCounters counters;
    counters.name = peer.public_key.to_short();
    counters.public_key = peer.public_key;
    counters.is_up = is_up(peer, now);
    if (peer.last_handshake) {
        counters.last_handshake = peer.last_handshake->time_since_epoch();
    }
    counters.received = peer.received;
    counters.sent = peer.sent;
    counters.endpoint_changes = peer.endpoint_changes;
    return counters;
}

void add(Traffic& sum, const Traffic& traffic) {
    sum.packets += traffic.packets;
    sum.bytes += traffic.bytes;
}

}  // namespace

TunnelStatus Device::status() const {
    TunnelStatus status;
    status.state = is_up_ ? TunnelState::running : TunnelState::down;
    if (identity_) {
        status.public_key = identity_->public_key;
    }
    status.listen_port = link_->port();
    status.fwmark = mark_;
    status.stealth = stealth_.mode;
    status.mtu = port_->mtu();
    status.backend = link_->name();
    status.backend_reason = link_->reason();
    status.cipher = cipher();
    peers_.for_each_in_order([&](const Peer& peer) {
        TunnelPeerStatus& told = status.peers.emplace_back();
        told.public_key = peer.public_key;
        told.has_preshared_key = !peer.preshared.is_zero();
        told.endpoint = peer.endpoint;
        peers_.allowed_ips().for_each(
            peer.number, [&](const Prefix& prefix) { told.allowed_ips.push_back(prefix); });
        if (peer.last_handshake) {
            told.last_handshake = peer.last_handshake->time_since_epoch();
        }
        told.received_bytes = peer.received.bytes;
        told.sent_bytes = peer.sent.bytes;
        told.persistent_keepalive =
            static_cast<std::uint16_t>(peer.timers.persistent_keepalive().count());
    });
    return status;
}

TunnelCounters Device::counters(const Now& now) const {
    TunnelCounters counters;
    counters.backend = link_->name();
    counters.backend_reason = link_->reason();
    counters.cipher = cipher();
    counters.is_up = is_up_;
    counters.handshakes = handshakes_.counters();
    counters.ingress = ingress_.counters();
    counters.egress = egress_.counters();
    counters.refused_indices = gate_->refused_indices();
    counters.link = link_->counters();
    counters.other.name = "_other";
    peers_.for_each_in_order([&](const Peer& peer) {
        counters.peers_up += agent::is_up(peer, now) ? 1U : 0U;
        if (counters.peers.size() < kPeerCountersMax) {
            counters.peers.push_back(counters_of(peer, now));
            return;
        }
        ++counters.others;
        add(counters.other.received, peer.received);
        add(counters.other.sent, peer.sent);
        counters.other.endpoint_changes += peer.endpoint_changes;
    });
    return counters;
}

void Device::set_up(bool up, const Now& now) {
    if (up == is_up_) {
        return;
    }
    is_up_ = up;
    port_->set_carrier(up);
    handshakes_.set_identity(up ? identity_ : nullptr);
    peers_.for_each([&](Peer& peer) {
        if (!up) {
            handshakes_.abandon(peer);
            peer.keypairs.clear();
            egress_.drop_staged(peer);
        } else if (peer.timers.persistent_keepalive().count() != 0) {
            egress_.send_keepalive(peer, now);
        }
    });
}

}  // namespace tollgate::agent
