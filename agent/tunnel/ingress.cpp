// SPDX-License-Identifier: MIT
#include "agent/tunnel/ingress.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <endian.h>

#include "agent/tunnel/ecn.hpp"
#include "agent/tunnel/mss_clamp.hpp"

namespace tollgate::agent {

using crypto::AeadMessage;
using crypto::Keypair;
using crypto::MutableBytes;

namespace {

constexpr std::size_t kIpv4HeaderMin = 20;
constexpr std::size_t kIpv6Header = 40;

/// Rekey-timeout and keepalive-timeout before the end: time enough to agree on a new keypair.
constexpr auto kLastMinute =
    crypto::kRejectAfterTime - crypto::kKeepaliveTimeout - crypto::kRekeyTimeout;

std::size_t number_at(MutableBytes bytes, std::size_t offset) {
    return std::to_integer<std::size_t>(bytes[offset]) << 8U |
           std::to_integer<std::size_t>(bytes[offset + 1]);
}

struct InnerPacket {
    std::size_t size;
    IpAddress source;
};

std::optional<InnerPacket> read_inner(MutableBytes plain) {
    const auto version = std::to_integer<unsigned>(plain[0] >> 4U);
    InnerPacket inner{};
    if (version == 4 && plain.size() >= kIpv4HeaderMin) {
        inner.size = number_at(plain, 2);
        inner.source.bytes[10] = inner.source.bytes[11] = 0xff;
        std::memcpy(&inner.source.bytes[12], &plain[12], 4);
        return inner.size >= kIpv4HeaderMin && inner.size <= plain.size() ? std::optional{inner}
                                                                          : std::nullopt;
    }
    if (version == 6 && plain.size() >= kIpv6Header) {
        inner.size = kIpv6Header + number_at(plain, 4);
        std::memcpy(inner.source.bytes.data(), &plain[8], inner.source.bytes.size());
        return inner.size <= plain.size() ? std::optional{inner} : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

void Ingress::take(const Arrival& arrival, const Now& now) {
    MutableBytes rest = arrival.bytes;
    while (!rest.empty()) {
        const MutableBytes message = rest.first(std::min(arrival.segment, rest.size()));
        rest = rest.subspan(message.size());
        if (message.size() < sizeof(__le32)) {
            ++counters_.bad_length;
            continue;
        }
        __le32 type = 0;
        std::memcpy(&type, message.data(), sizeof type);
        if (type == htole32(TG_WG_DATA)) {
            take_data(message, arrival, now);
        } else {
            parts_.handshakes.arrived(message, arrival.from, now);
        }
    }
}

bool Ingress::belongs(std::uint32_t index, const Arrival& arrival) const {
    return vector_.keypair != nullptr && vector_.keypair->secrets.local_index == index &&
           vector_.count < kVectorMax && vector_.ecn == arrival.ecn && vector_.from == arrival.from;
}

void Ingress::take_data(MutableBytes message, const Arrival& arrival, const Now& now) {
    if (message.size() < TG_WG_DATA_MIN) {
        ++counters_.bad_length;
        return;
    }
    tg_wg_data header{};
    std::memcpy(&header, message.data(), sizeof header);
    const std::uint32_t index = le32toh(header.receiver_index);
    if (!belongs(index, arrival)) {
        flush(now);
        vector_.from = arrival.from;
        vector_.ecn = arrival.ecn;
        vector_.peer = parts_.owned.by_index(index);
        vector_.keypair = vector_.peer == nullptr ? nullptr : vector_.peer->keypairs.find(index);
    }
    if (vector_.keypair == nullptr) {
        ++counters_.unknown_index;
        return;
    }
    const std::uint64_t counter = le64toh(header.counter);
    if (counter >= crypto::kRejectAfterMessages || vector_.keypair->is_expired(now.boot)) {
        ++counters_.expired;
        return;
    }
    vector_.messages[vector_.count++] = {
        message.data() + sizeof header,
        static_cast<std::uint32_t>(message.size() - TG_WG_DATA_MIN),
        false,
        counter};
}

void Ingress::flush(const Now& now) {
    const std::span messages{vector_.messages.data(), vector_.count};
    if (!messages.empty()) {
        Peer& peer = *vector_.peer;
        parts_.aead.open(vector_.keypair->secrets.receiving, messages);
        std::array<MutableBytes, kVectorMax> packets;
        std::size_t delivered = 0;
        bool is_authentic = false;
        bool has_data = false;
        for (const AeadMessage& message : messages) {
            if (!message.authentic) {
                ++counters_.not_authentic;
                continue;
            }
            if (!vector_.keypair->window.accept(message.counter)) {
                ++counters_.replayed;
                continue;
            }
            is_authentic = true;
            ++peer.received.packets;
            peer.received.bytes += message.size + TG_WG_DATA_MIN;
            has_data = has_data || message.size > 0;
            if (check_inner(message, peer, packets[delivered])) {
                pass_on_congestion(vector_.ecn, packets[delivered]);
                clamp_mss(packets[delivered], mtu_);
                ++delivered;
            }
        }
        if (is_authentic) {
            received(peer, has_data, now);
        }
        parts_.port.send({packets.data(), delivered});
    }
    vector_.peer = nullptr;
    vector_.keypair = nullptr;
    vector_.count = 0;
}

// At least one message of the vector was authentic and new.
void Ingress::received(Peer& peer, bool has_data, const Now& now) {
    const Keypair& keypair = *vector_.keypair;
    const GateReceiver receiver = OwnedPeers::receiver(peer, keypair.secrets.local_index);
    receiver.set_greatest_counter(keypair.window.greatest());
    parts_.peers.set_endpoint(peer, vector_.from);
    peer.timers.authenticated_received();
    peer.timers.traversed(now.boot);
    if (has_data) {
        peer.timers.data_received(now.boot);
    }
    if (peer.keypairs.confirm(keypair)) {
        receiver.accept(GateReceiver::kData, keypair.born + crypto::kRejectAfterTime);
        parts_.handshakes.finished(peer, now);
        if (!peer.staged.empty()) {
            parts_.egress.send_staged(peer, now);
        }
    }
    const Keypair* current = peer.keypairs.current();
    if (current != nullptr && current->secrets.is_initiator && !peer.sent_last_minute_handshake &&
        now.boot - current->born >= kLastMinute) {
        peer.sent_last_minute_handshake = true;
        peer.timers.begin_attempts();
        parts_.handshakes.initiate(peer, now);
    }
    parts_.owned.schedule(peer);
}

// The packet without its padding, if the peer may send it; a keepalive has none.
bool Ingress::check_inner(const AeadMessage& message, const Peer& peer, MutableBytes& inner) {
    if (message.size == 0) {
        return false;
    }
    const MutableBytes plain{message.bytes, message.size};
    const auto read = read_inner(plain);
    if (!read) {
        ++counters_.not_ip;
        return false;
    }
    if (parts_.peers.route(read->source) != &peer) {
        ++counters_.wrong_source;
        return false;
    }
    inner = plain.first(read->size);
    return true;
}

}  // namespace tollgate::agent
