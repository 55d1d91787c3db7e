// SPDX-License-Identifier: MIT
#include "agent/tunnel/egress.hpp"

#include <algorithm>
#include <cstring>

#include <endian.h>

#include "agent/tunnel/ecn.hpp"
#include "agent/tunnel/mss_clamp.hpp"

namespace tollgate::agent {

using crypto::Keypair;
using crypto::MutableBytes;

namespace {

constexpr std::size_t kPaddingMultiple = 16;
constexpr int kHopsMax = 8;
constexpr std::size_t kOverhead = sizeof(tg_wg_data) + crypto::kTagSize;

}  // namespace

Egress::Egress(const Parts& parts)
    : peers_{parts.peers},
      owned_{parts.owned},
      handshakes_{parts.handshakes},
      link_{parts.link},
      aead_{parts.aead} {}

bool Egress::can_send(const Peer& peer, const Now& now) {
    const Keypair* keypair = peer.keypairs.current();
    return keypair != nullptr && !keypair->is_expired(now.boot) &&
           keypair->next_counter < crypto::kRejectAfterMessages;
}

bool Egress::add(const HostPacket& packet, const Now& now) {
    Peer* peer = peers_.route(packet.destination());
    if (peer == nullptr) {
        ++counters_.no_peer;
        return false;
    }
    if (!owned_.owns(*peer)) {
        ++counters_.wrong_worker;  // like a loss: the next one goes to the right queue
        return true;
    }
    if (!peer->endpoint.is_known()) {
        ++counters_.no_endpoint;
        return false;
    }
    if (is_looping(packet)) {
        ++counters_.looping;
        return false;
    }
    if (!can_send(*peer, now)) {
        stage(*peer, packet, now);
        return true;
    }
    const std::uint8_t traffic_class = outer_traffic_class(packet.traffic_class());
    for (std::size_t i = 0; i < packet.count(); ++i) {
        const std::size_t size = packet.size(i);
        const MutableBytes at = reserve(*peer, size, traffic_class, now).first(size);
        packet.write(i, at);
        if (packet.count() == 1) {  // no SYN stands for many
            clamp_mss(at, mtu_);
        }
    }
    vector_.has_data = true;
    return true;
}

// The host has routed a datagram of ours into the tunnel. That is well if it goes to one peer
// inside messages to another, and has no end if the way from peer to endpoint comes back to where
// it began.
bool Egress::is_looping(const HostPacket& packet) const {
    const auto [source, destination] = packet.udp_ports();
    if (source == 0 || source != link_.port()) {
        return false;
    }
    const Peer* peer = peers_.route(packet.destination());
    for (int hops = 0; peer != nullptr && hops < kHopsMax; ++hops) {
        const Place place = peers_.place_of(*peer);
        if (place == Place{packet.destination(), destination}) {
            return true;
        }
        peer = peers_.route(place.address);
    }
    return false;
}

void Egress::stage(Peer& peer, const HostPacket& packet, const Now& now) {
    for (std::size_t i = 0; i < packet.count(); ++i) {
        if (peer.staged.size() >= kStagedPacketsMax) {
            peer.staged.pop_front();
            ++counters_.staged_dropped;
        }
        StagedPacket& staged = peer.staged.emplace_back();
        staged.traffic_class = packet.traffic_class();
        staged.bytes.resize(packet.size(i));
        packet.write(i, staged.bytes);
        clamp_mss(staged.bytes, mtu_);
    }
    if (!peer.timers.is_handshaking()) {
        peer.timers.begin_attempts();
    }
    handshakes_.initiate(peer, now);
}

// Padding hides the exact length, but must not make a packet that does not fit (Linux:
// calculate_skb_padding).
std::size_t Egress::padded(std::size_t size) const {
    const std::size_t rounded = (size + kPaddingMultiple - 1) / kPaddingMultiple * kPaddingMultiple;
    return std::max(size, std::min(rounded, mtu_));
}

// Where a packet of `size` bytes has to be, with zeroed padding behind it.
MutableBytes Egress::reserve(Peer& peer,
                             std::size_t size,
                             std::uint8_t traffic_class,
                             const Now& now) {
    const std::size_t plain = padded(size);
    const std::size_t datagram = plain + kOverhead;
    MutableBytes place;
    if (vector_.peer == &peer && vector_.traffic_class == traffic_class &&
        vector_.count < kVectorMax) {
        place = link_.reserve(datagram);
    }
    if (place.empty()) {
        flush(now);
        vector_.peer = &peer;
        vector_.traffic_class = traffic_class;
        link_.begin(peer.endpoint, traffic_class);
        place = link_.reserve(datagram);
    }
    std::byte* at = place.data() + sizeof(tg_wg_data);
    vector_.messages[vector_.count++] = {at, static_cast<std::uint32_t>(plain), false, 0};
    vector_.bytes += datagram;
    std::memset(at + size, 0, plain - size);
    return {at, plain};
}

void Egress::flush(const Now& now) {
    if (vector_.count == 0) {
        return;
    }
    Peer& peer = *vector_.peer;
    Keypair* keypair = peer.keypairs.current();
    const auto first =
        keypair == nullptr ? std::nullopt : keypair->take_counters(vector_.count, now.boot);
    if (first) {
        seal(*keypair, *first);
        if (!link_.commit()) {
            counters_.not_sent += vector_.count;
        }
        sent(peer, *keypair, now);
    } else {
        counters_.not_sent += vector_.count;  // the keypair ended meanwhile
        link_.abandon();
    }
    vector_.peer = nullptr;
    vector_.count = 0;
    vector_.bytes = 0;
    vector_.has_data = false;
}

void Egress::seal(Keypair& keypair, std::uint64_t first_counter) {
    const std::span messages{vector_.messages.data(), vector_.count};
    for (crypto::AeadMessage& message : messages) {
        message.counter = first_counter++;
        const tg_wg_data header{
            htole32(TG_WG_DATA), htole32(keypair.secrets.remote_index), htole64(message.counter)};
        std::memcpy(message.bytes - sizeof header, &header, sizeof header);
    }
    aead_.seal(keypair.secrets.sending, messages);
}

void Egress::sent(Peer& peer, const Keypair& keypair, const Now& now) {
    peer.sent.packets += vector_.count;
    peer.sent.bytes += vector_.bytes;
    peer.timers.authenticated_sent();
    peer.timers.traversed(now.boot);
    if (vector_.has_data) {
        peer.timers.data_sent(now.boot, handshake_jitter());
    }
    const bool old =
        keypair.secrets.is_initiator && now.boot - keypair.born >= crypto::kRekeyAfterTime;
    if (old || keypair.next_counter > crypto::kRekeyAfterMessages) {
        peer.timers.begin_attempts();
        handshakes_.initiate(peer, now);
    }
    owned_.schedule(peer);
}

void Egress::send_staged(Peer& peer, const Now& now) {
    if (peer.staged.empty()) {
        send_keepalive(peer, now);
        return;
    }
    if (!can_send(peer, now)) {
        return;
    }
    for (const StagedPacket& packet : peer.staged) {
        const MutableBytes at =
            reserve(peer, packet.bytes.size(), outer_traffic_class(packet.traffic_class), now);
        std::copy(packet.bytes.begin(), packet.bytes.end(), at.begin());
        vector_.has_data = true;
    }
    peer.staged.clear();
    flush(now);
}

void Egress::send_keepalive(Peer& peer, const Now& now) {
    if (!can_send(peer, now)) {
        peer.timers.begin_attempts();
        handshakes_.initiate(peer, now);
        return;
    }
    static_cast<void>(reserve(peer, 0, 0, now));
    flush(now);
}

void Egress::drop_staged(Peer& peer) {
    counters_.staged_dropped += peer.staged.size();
    peer.staged.clear();
}

}  // namespace tollgate::agent
