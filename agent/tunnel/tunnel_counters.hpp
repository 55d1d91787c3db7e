// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/tunnel/egress.hpp"
#include "agent/tunnel/handshakes.hpp"
#include "agent/tunnel/ingress.hpp"
#include "agent/tunnel/peer.hpp"
#include "crypto/keys.hpp"

/// What a tunnel has counted, for one scrape of the metrics.
namespace tollgate::agent {

/// Peers with counters of their own; the others are summed up, so that a scrape stays small.
inline constexpr std::size_t kPeerCountersMax = 200;

struct PeerCounters {
    std::string name;  ///< as configured; else the short public key
    crypto::PublicKey public_key;
    bool is_up = false;                          ///< it has a keypair that data can use
    std::chrono::nanoseconds last_handshake{0};  ///< since 1970, UTC; 0: never
    Traffic received;
    Traffic sent;
    std::uint64_t endpoint_changes = 0;
};

struct TunnelCounters {
    std::string name;  ///< of the network interface
    std::string backend;
    std::string backend_reason;
    std::string cipher;
    std::size_t threads = 0;
    std::string threads_reason;
    bool is_up = true;
    HandshakeCounters handshakes;
    IngressCounters ingress;
    EgressCounters egress;
    LinkCounters link;
    std::vector<XskQueueCounters> queues;  ///< of AF_XDP
    std::uint64_t refused_indices = 0;     ///< receiver indices that the gate had no room for
    std::vector<PeerCounters> peers;       ///< the first kPeerCountersMax
    PeerCounters other;                    ///< the sums of the others
    std::size_t others = 0;                ///< how many they are
    std::size_t peers_up = 0;              ///< of all
};

}  // namespace tollgate::agent
