// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agent/tunnel/link.hpp"
#include "agent/tunnel/peer_timers.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "crypto/bytes.hpp"
#include "crypto/cookie.hpp"
#include "crypto/handshake.hpp"
#include "crypto/keypair.hpp"

namespace tollgate::agent {

/// Both clocks, read once per vector of packets.
struct Now {
    crypto::Instant boot{0};                               ///< what timers count
    std::chrono::sys_time<std::chrono::nanoseconds> wall;  ///< for timestamps
};

/// A packet that waits for a handshake to finish.
struct StagedPacket {
    std::vector<std::byte> bytes;
    std::uint8_t traffic_class = 0;  ///< of the inner header
};
inline constexpr std::size_t kStagedPacketsMax = 128;  ///< per peer; the oldest give way

/// Where a peer is, and nothing of the way there.
struct Place {
    IpAddress address;
    std::uint16_t port = 0;  ///< host order; 0: not known
    bool operator==(const Place&) const = default;
};

struct Traffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< of datagram payloads: what `wg show` calls transfer
};

/// Everything known of one peer. The parts of the device each change their own fields.
struct Peer {
    Peer(const crypto::PublicKey& key, crypto::Keypairs::Forget forget)
        : public_key{key}, cookies{key}, keypairs{std::move(forget)} {}

    // Configuration.
    crypto::PublicKey public_key;
    std::uint32_t number = 0;  ///< in the table of allowed IPs
    std::size_t worker = 0;    ///< the number of the one that owns it
    crypto::PresharedKey preshared;
    /// Empty while we have no private key, and for ever if the key is not sound: to such a peer
    /// nothing is sent.
    std::optional<crypto::RemoteIdentity> remote;

    // Handshakes.
    crypto::CookieJar cookies;
    std::optional<crypto::Initiator> handshake;  ///< ours, not answered yet
    std::optional<crypto::Tai64n> latest_timestamp;
    std::optional<crypto::Instant> initiation_accepted;
    crypto::Instant handshake_begun{0};  ///< ours, if there is one
    std::optional<crypto::Instant> initiation_sent;
    std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> last_handshake;
    bool sent_last_minute_handshake = false;

    // Transport.
    /// Of each receiver index that the peer's handshake and keypairs have. Before them, because
    /// they give up their indices when they go.
    std::vector<std::pair<std::uint32_t, GateReceiver>> receivers;
    crypto::Keypairs keypairs;
    Endpoint endpoint;
    std::uint64_t endpoint_changes = 0;  ///< times that it became another, known one
    Place place;                         ///< of `endpoint`, for other workers: see PeerTable
    std::deque<StagedPacket> staged;
    Traffic sent;
    Traffic received;

    // Timers.
    PeerTimers timers;
    crypto::Instant scheduled = crypto::Instant::max();  ///< when the device looks at them
};

}  // namespace tollgate::agent
