// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <tollgate/ip.hpp>

#include "agent/tunnel/endpoint_watch.hpp"
#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_counters.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/tunnel_status.hpp"
#include "agent/tunnel_process/codec.hpp"

/// How codec.hpp writes what a tunnel is told, and what it tells.
namespace tollgate::agent::tunnel_process {

template <typename Codec>
void fields(Codec& codec, IpAddress& value) {
    codec(value.bytes);
}

template <typename Codec>
void fields(Codec& codec, Prefix& value) {
    constexpr std::uint8_t kLengthMax = 128;
    codec(value.address);
    std::uint8_t length = value.length;
    codec(length);
    value.length = std::min(length, kLengthMax);
}

template <typename Codec>
void fields(Codec& codec, InterfaceAddress& value) {
    codec(value.address);
    codec(value.network);
}

template <typename Codec>
void fields(Codec& codec, crypto::PublicKey& value) {
    codec(value.bytes);
}

template <typename Codec>
void fields(Codec& codec, Endpoint& value) {
    codec(value.address);
    codec(value.port);
    codec(value.scope);
    codec(value.local);
    codec(value.local_interface);
    codec(value.local_routes);
}

template <typename Codec>
void fields(Codec& codec, Stealth& value) {
    codec.among(value.mode, StealthMode::strict);
    codec(value.site);
}

template <typename Codec>
void fields(Codec& codec, AllowedIpChange& value) {
    codec(value.prefix);
    codec(value.remove);
}

template <typename Codec>
void fields(Codec& codec, PeerChange& value) {
    codec(value.public_key);
    codec(value.remove);
    codec(value.update_only);
    codec(value.preshared_key);
    codec(value.endpoint);
    codec(value.persistent_keepalive);
    codec(value.replace_allowed_ips);
    codec(value.allowed_ips);
}

template <typename Codec>
void fields(Codec& codec, DeviceChange& value) {
    codec(value.private_key);
    codec(value.listen_port);
    codec(value.fwmark);
    codec(value.stealth);
    codec(value.replace_peers);
    codec(value.peers);
}

template <typename Codec>
void fields(Codec& codec, PeerState& value) {
    codec(value.public_key);
    codec(value.preshared_key);
    codec(value.endpoint);
    codec(value.last_handshake);
    codec(value.received_bytes);
    codec(value.sent_bytes);
    codec(value.persistent_keepalive);
    codec(value.allowed_ips);
}

template <typename Codec>
void fields(Codec& codec, DeviceState& value) {
    codec(value.private_key);
    codec(value.listen_port);
    codec(value.fwmark);
    codec(value.stealth);
    codec(value.peers);
}

template <typename Codec>
void fields(Codec& codec, PeerContact& value) {
    codec(value.endpoint);
    codec(value.unanswered);
}

template <typename Codec>
void fields(Codec& codec, TunnelPeerStatus& value) {
    codec(value.name);
    codec(value.public_key);
    codec(value.has_preshared_key);
    codec(value.configured_endpoint);
    codec(value.endpoint_problem);
    codec(value.endpoint);
    codec(value.allowed_ips);
    codec(value.last_handshake);
    codec(value.received_bytes);
    codec(value.sent_bytes);
    codec(value.persistent_keepalive);
}

template <typename Codec>
void fields(Codec& codec, TunnelStatus& value) {
    codec(value.name);
    codec.among(value.state, TunnelState::down);
    codec(value.reason);
    codec(value.is_configured);
    codec(value.public_key);
    codec(value.listen_port);
    codec(value.fwmark);
    codec.among(value.stealth, StealthMode::strict);
    codec(value.mtu);
    codec(value.mtu_reason);
    codec(value.threads);
    codec(value.threads_reason);
    codec(value.backend);
    codec(value.backend_reason);
    codec(value.cipher);
    codec(value.cipher_reason);
    codec(value.addresses);
    codec(value.peers);
}

template <typename Codec, const auto& kBounds>
void fields(Codec& codec, Histogram<kBounds>& value) {
    codec(value.at_most);
    codec(value.count);
    codec(value.sum);
}

template <typename Codec>
void fields(Codec& codec, HandshakeCounters& value) {
    for (std::uint64_t* counter : {&value.initiations_sent,
                                   &value.responses_sent,
                                   &value.cookies_sent,
                                   &value.finished,
                                   &value.finished_as_initiator,
                                   &value.unanswered,
                                   &value.bad_length,
                                   &value.bad_mac1,
                                   &value.no_stealth_mac,
                                   &value.queue_full,
                                   &value.rate_limited,
                                   &value.unknown_peer,
                                   &value.unknown_index,
                                   &value.misdirected,
                                   &value.replayed,
                                   &value.too_frequent,
                                   &value.not_authentic,
                                   &value.responses.bad_mac1,
                                   &value.responses.queue_full,
                                   &value.responses.rate_limited,
                                   &value.responses.not_authentic}) {
        codec(*counter);
    }
    codec(value.durations);
}

template <typename Codec>
void fields(Codec& codec, IngressCounters& value) {
    for (std::uint64_t* counter : {&value.bad_length,
                                   &value.unknown_index,
                                   &value.expired,
                                   &value.not_authentic,
                                   &value.replayed,
                                   &value.not_ip,
                                   &value.wrong_source}) {
        codec(*counter);
    }
}

template <typename Codec>
void fields(Codec& codec, EgressCounters& value) {
    for (std::uint64_t* counter : {&value.no_peer,
                                   &value.no_endpoint,
                                   &value.looping,
                                   &value.staged_dropped,
                                   &value.not_sent,
                                   &value.wrong_worker}) {
        codec(*counter);
    }
}

template <typename Codec>
void fields(Codec& codec, LinkCounters& value) {
    for (std::uint64_t* counter : {&value.no_room,
                                   &value.overflowed,
                                   &value.malformed,
                                   &value.xsk_sent,
                                   &value.xsk_received}) {
        codec(*counter);
    }
}

template <typename Codec>
void fields(Codec& codec, XskWayCounters& value) {
    codec(value.frames);
    codec(value.wakeups);
    codec(value.batches);
}

template <typename Codec>
void fields(Codec& codec, XskQueueCounters& value) {
    codec(value.interface);
    codec(value.queue);
    codec(value.is_zero_copy);
    codec(value.received);
    codec(value.sent);
    for (std::uint64_t* counter : {&value.drops.rx_dropped,
                                   &value.drops.rx_invalid,
                                   &value.drops.rx_ring_full,
                                   &value.drops.rx_fill_empty,
                                   &value.drops.tx_invalid}) {
        codec(*counter);
    }
}

template <typename Codec>
void fields(Codec& codec, Traffic& value) {
    codec(value.packets);
    codec(value.bytes);
}

template <typename Codec>
void fields(Codec& codec, PeerCounters& value) {
    codec(value.name);
    codec(value.public_key);
    codec(value.is_up);
    codec(value.last_handshake);
    codec(value.received);
    codec(value.sent);
    codec(value.endpoint_changes);
}

template <typename Codec>
void fields(Codec& codec, TunnelCounters& value) {
    codec(value.name);
    codec(value.backend);
    codec(value.backend_reason);
    codec(value.cipher);
    codec(value.threads);
    codec(value.threads_reason);
    codec(value.is_up);
    codec(value.handshakes);
    codec(value.ingress);
    codec(value.egress);
    codec(value.link);
    codec(value.queues);
    codec(value.refused_indices);
    codec(value.peers);
    codec(value.other);
    codec(value.others);
    codec(value.peers_up);
}

template <typename Codec>
void fields(Codec& codec, GateInterface& value) {
    codec(value.name);
    codec(value.index);
    codec(value.zone);
    codec(value.has_xdp);
}

}  // namespace tollgate::agent::tunnel_process
