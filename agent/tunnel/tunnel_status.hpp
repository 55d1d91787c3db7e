// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/system/interface.hpp"
#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/stealth.hpp"
#include "crypto/keys.hpp"

/// What a tunnel tells of itself: for the control interface and metrics. Without any secret.
namespace tollgate::agent {

enum class TunnelState : std::uint8_t {
    failed,  ///< there is no interface; it is tried again
    running,
    down,  ///< by hand: it has its configuration, but no traffic
};

[[nodiscard]] constexpr std::string_view label(TunnelState state) {
    if (state == TunnelState::down) {
        return "down";
    }
    return state == TunnelState::running ? "running" : "failed";
}

struct TunnelPeerStatus {
    std::string name;  ///< as configured; empty: configured by wg(8) only
    crypto::PublicKey public_key;
    bool has_preshared_key = false;
    std::string configured_endpoint;  ///< "gate.example.org:51820"; empty: none
    std::string endpoint_problem;     ///< why the name could not be resolved; empty: it could
    Endpoint endpoint;                ///< where the peer was last heard from, or told to be
    std::vector<Prefix> allowed_ips;
    std::chrono::nanoseconds last_handshake{0};  ///< since 1970, UTC; 0: never
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint16_t persistent_keepalive = 0;  ///< seconds; 0: off
};

struct TunnelStatus {
    std::string name;  ///< of the network interface
    TunnelState state = TunnelState::failed;
    std::string
        reason;  ///< why it failed, or what of its configuration is not in force; else empty
    bool is_configured = false;                   ///< in tollgate.yaml; else by wg(8) only
    std::optional<crypto::PublicKey> public_key;  ///< nothing: no private key
    std::uint16_t listen_port = 0;                ///< 0: not listening
    std::uint32_t fwmark = 0;                     ///< 0: none
    StealthMode stealth = StealthMode::off;
    std::size_t mtu = 0;         ///< bytes; 0: no interface
    std::string mtu_reason;      ///< "as configured", "the link's 1500 less 80"
    std::size_t threads = 0;     ///< that carry data; 0: no interface
    std::string threads_reason;  ///< "as configured"
    std::string backend;         ///< Link::name()
    std::string backend_reason;
    std::string cipher;  ///< crypto::Aead::name()
    std::string cipher_reason;
    std::vector<InterfaceAddress> addresses;  ///< as configured
    std::vector<TunnelPeerStatus> peers;      ///< configured ones first, in the order of the file
};

}  // namespace tollgate::agent
