// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/tunnel/device.hpp"

namespace tollgate::agent {

namespace {

int error_number(const Result<void>& result) {
    if (result) {
        return 0;
    }
    const int value = result.error().code.value();
    return value != 0 ? value : EINVAL;
}

PeerState state_of(const Peer& peer, const AllowedIps& allowed_ips) {
    PeerState state;
    state.public_key = peer.public_key;
    if (!peer.preshared.is_zero()) {
        state.preshared_key = peer.preshared.clone();
    }
    state.endpoint = peer.endpoint;
    if (peer.last_handshake) {
        state.last_handshake = peer.last_handshake->time_since_epoch();
    }
    state.received_bytes = peer.received.bytes;
    state.sent_bytes = peer.sent.bytes;
    state.persistent_keepalive =
        static_cast<std::uint16_t>(peer.timers.persistent_keepalive().count());
    allowed_ips.for_each(peer.number,
                         [&](const Prefix& prefix) { state.allowed_ips.push_back(prefix); });
    return state;
}

}  // namespace

DeviceState Device::state() const {
    DeviceState state;
    if (identity_) {
        state.private_key = identity_->private_key.clone();
    }
    state.listen_port = link().port();
    state.fwmark = mark_;
    state.stealth = stealth_.clone();
    std::vector<const Peer*> peers;
    peers.reserve(peers_.size());
    peers_.for_each([&](const Peer& peer) { peers.push_back(&peer); });
    std::sort(peers.begin(), peers.end(), [](const Peer* left, const Peer* right) {
        return left->number < right->number;
    });
    for (const Peer* peer : peers) {
        state.peers.push_back(state_of(*peer, peers_.allowed_ips()));
    }
    return state;
}

int Device::apply(const DeviceChange& change, const Now& now) {
    if (change.stealth) {  // before the gate lets anything in
        stealth_ = change.stealth->clone();
        for (const auto& worker : workers_) {
            worker->handshakes().set_stealth(stealth_);
        }
        first().handshakes().tell_gate(now);
    }
    if (change.private_key) {
        set_private_key(*change.private_key);
    }
    if (change.listen_port) {
        if (const int error = error_number(first().link().listen(*change.listen_port));
            error != 0) {
            return error;
        }
    }
    if (change.private_key || change.listen_port) {
        if (const int error = error_number(guard_port()); error != 0) {
            return error;
        }
    }
    if (change.fwmark) {
        if (const int error = error_number(first().link().set_mark(*change.fwmark)); error != 0) {
            return error;
        }
        mark_ = *change.fwmark;
    }
    if (change.replace_peers) {
        std::vector<Peer*> all;
        peers_.for_each([&](Peer& peer) { all.push_back(&peer); });
        for (Peer* peer : all) {
            peers_.remove(*peer);
        }
    }
    for (const PeerChange& peer : change.peers) {
        if (const int error = apply_peer(peer, now); error != 0) {
            return error;
        }
    }
    return 0;
}

// Handshakes and keypairs of the old key mean nothing under the new one. wg syncconf sets the key
// that is there: then nothing changes.
void Device::set_private_key(const crypto::PrivateKey& key) {
    crypto::PrivateKey clamped = key.clone();
    if (!key.is_zero()) {
        crypto::clamp(clamped);
    }
    if (identity_ ? identity_->private_key == clamped : clamped.is_zero()) {
        return;
    }
    identity_.reset();
    if (!key.is_zero()) {
        identity_ = std::make_shared<const crypto::Identity>(std::move(clamped));
        if (Peer* self = peers_.find(identity_->public_key)) {
            peers_.remove(*self);
        }
    }
    set_identities();
    peers_.for_each([this](Peer& peer) {
        owner_of(peer).handshakes().abandon(peer);
        peer.keypairs.clear();
        derive_remote(peer);
    });
}

Result<void> Device::guard_port() {
    if (!identity_) {
        gate_->close();
        return {};
    }
    return gate_->listen(link().port(), identity_->public_key);
}

void Device::derive_remote(Peer& peer) {
    peer.remote.reset();
    if (identity_) {
        peer.remote = crypto::remote_identity(*identity_, peer.public_key, peer.preshared);
    }
}

int Device::apply_peer(const PeerChange& change, const Now& now) {
    if (identity_ && change.public_key == identity_->public_key) {
        return 0;  // as the kernel does: nobody is a peer of its own
    }
    Peer* peer = peers_.find(change.public_key);
    if (change.remove) {
        if (peer != nullptr) {
            peers_.remove(*peer);
        }
        return 0;
    }
    if (peer == nullptr) {
        if (change.update_only) {
            return 0;
        }
        peer = peers_.add(change.public_key);
        if (peer == nullptr) {
            return ENOSPC;
        }
        derive_remote(*peer);
    }
    return configure(*peer, change, now);
}

int Device::configure(Peer& peer, const PeerChange& change, const Now& now) {
    // The next handshake uses it; the keypairs of the last one stay.
    if (change.preshared_key) {
        peer.preshared = change.preshared_key->clone();
        if (peer.remote) {
            peer.remote->preshared = change.preshared_key->clone();
        }
    }
    if (change.endpoint) {
        peers_.set_endpoint(peer, *change.endpoint);
    }
    if (change.replace_allowed_ips) {
        peers_.disallow_all(peer);
    }
    for (const AllowedIpChange& allowed : change.allowed_ips) {
        if (allowed.remove) {
            peers_.disallow(peer, allowed.prefix);
        } else if (!peers_.allow(peer, allowed.prefix)) {
            return ENOSPC;
        }
    }
    if (change.persistent_keepalive) {
        peer.timers.set_persistent_keepalive(std::chrono::seconds{*change.persistent_keepalive},
                                             now.boot);
        peers_.owned_by(peer.worker).schedule(peer);
    }
    if (!peer.staged.empty()) {
        owner_of(peer).handshakes().initiate(peer, now);
    }
    return 0;
}

}  // namespace tollgate::agent
