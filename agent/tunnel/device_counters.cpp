// SPDX-License-Identifier: MIT
#include "agent/tunnel/device.hpp"

namespace tollgate::agent {

HandshakeCounters& HandshakeCounters::operator+=(const HandshakeCounters& other) {
    initiations_sent += other.initiations_sent;
    responses_sent += other.responses_sent;
    cookies_sent += other.cookies_sent;
    finished += other.finished;
    finished_as_initiator += other.finished_as_initiator;
    unanswered += other.unanswered;
    bad_length += other.bad_length;
    bad_mac1 += other.bad_mac1;
    no_stealth_mac += other.no_stealth_mac;
    queue_full += other.queue_full;
    rate_limited += other.rate_limited;
    unknown_peer += other.unknown_peer;
    unknown_index += other.unknown_index;
    misdirected += other.misdirected;
    replayed += other.replayed;
    too_frequent += other.too_frequent;
    not_authentic += other.not_authentic;
    responses.bad_mac1 += other.responses.bad_mac1;
    responses.queue_full += other.responses.queue_full;
    responses.rate_limited += other.responses.rate_limited;
    responses.not_authentic += other.responses.not_authentic;
    durations += other.durations;
    return *this;
}

EgressCounters& EgressCounters::operator+=(const EgressCounters& other) {
    no_peer += other.no_peer;
    no_endpoint += other.no_endpoint;
    looping += other.looping;
    staged_dropped += other.staged_dropped;
    not_sent += other.not_sent;
    wrong_worker += other.wrong_worker;
    return *this;
}

IngressCounters& IngressCounters::operator+=(const IngressCounters& other) {
    bad_length += other.bad_length;
    unknown_index += other.unknown_index;
    expired += other.expired;
    not_authentic += other.not_authentic;
    replayed += other.replayed;
    not_ip += other.not_ip;
    wrong_source += other.wrong_source;
    return *this;
}

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
    status.listen_port = link().port();
    status.fwmark = mark_;
    status.stealth = stealth_.mode;
    status.mtu = first().port().mtu();
    status.threads = workers_.size();
    status.backend = link().name();
    status.backend_reason = link().reason();
    status.cipher = first().cipher();
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
    counters.backend = link().name();
    counters.backend_reason = link().reason();
    counters.cipher = first().cipher();
    counters.threads = workers_.size();
    counters.is_up = is_up_;
    counters.handshakes = handshakes();
    counters.ingress = ingress();
    counters.egress = egress();
    counters.refused_indices = gate_->refused_indices();
    for (const auto& worker : workers_) {
        counters.link += worker->link().counters();
        for (XskQueueCounters& queue : worker->link().queues()) {
            counters.queues.push_back(std::move(queue));
        }
    }
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

HandshakeCounters Device::handshakes() const {
    HandshakeCounters sum;
    for (const auto& worker : workers_) {
        sum += worker->handshakes().counters();
    }
    return sum;
}

EgressCounters Device::egress() const {
    EgressCounters sum;
    for (const auto& worker : workers_) {
        sum += worker->egress().counters();
    }
    return sum;
}

IngressCounters Device::ingress() const {
    IngressCounters sum;
    for (const auto& worker : workers_) {
        sum += worker->ingress().counters();
    }
    return sum;
}

}  // namespace tollgate::agent
