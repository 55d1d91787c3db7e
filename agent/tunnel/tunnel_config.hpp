// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/ip.hpp>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/stealth.hpp"
#include "crypto/keys.hpp"

/// What a tunnel can be told and what it tells, as in WireGuard's cross-platform interface: the
/// same for the UAPI socket, the configuration file and the control interface.
namespace tollgate::agent {

struct AllowedIpChange {
    Prefix prefix;
    bool remove = false;  ///< of this peer's; no error if it is another's or nobody's
};

/// A change of one peer, which is added if there is none of that key. What is not set stays.
struct PeerChange {
    crypto::PublicKey public_key;
    bool remove = false;                                ///< forget the peer; the rest says nothing
    bool update_only = false;                           ///< do nothing if there is no such peer
    std::optional<crypto::PresharedKey> preshared_key;  ///< zeros: none from now on
    std::optional<Endpoint> endpoint;
    std::optional<std::uint16_t> persistent_keepalive;  ///< seconds; 0: off
    bool replace_allowed_ips = false;          ///< those it has are given up before `allowed_ips`
    std::vector<AllowedIpChange> allowed_ips;  ///< in order; taken from other peers, if need be
};

/// A change of the whole device, done in the order of the members. What is not set stays.
struct DeviceChange {
    std::optional<crypto::PrivateKey> private_key;  ///< not clamped yet; zeros: none from now on
    std::optional<std::uint16_t> listen_port;       ///< 0: the kernel's choice
    std::optional<std::uint32_t> fwmark;            ///< 0: none
    std::optional<Stealth> stealth;                 ///< not for wg(8), which does not know it
    bool replace_peers = false;                     ///< all peers are forgotten before `peers`
    std::vector<PeerChange> peers;                  ///< in order; a key may come twice
};

struct PeerState {
    crypto::PublicKey public_key;
    std::optional<crypto::PresharedKey> preshared_key;  ///< nothing: none
    Endpoint endpoint;                                  ///< where it was last heard from, or told
    std::chrono::nanoseconds last_handshake{0};         ///< since 1970, UTC; 0: never
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
    std::uint16_t persistent_keepalive = 0;  ///< seconds; 0: off
    std::vector<Prefix> allowed_ips;
};

struct DeviceState {
    std::optional<crypto::PrivateKey> private_key;  ///< nothing: none
    std::uint16_t listen_port = 0;                  ///< 0: not listening
    std::uint32_t fwmark = 0;                       ///< 0: none
    Stealth stealth;
    std::vector<PeerState> peers;
};

/// An allowed IP as WireGuard's tools take it: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". Host
/// bits are cleared: "192.0.2.1/24" is 192.0.2.0/24.
[[nodiscard]] std::optional<Prefix> parse_allowed_ip(std::string_view text);
/// Always with the length: "192.0.2.1/32".
[[nodiscard]] std::string format_allowed_ip(const Prefix& prefix);

/// A whole number without sign, leading zeroes or anything else, at most `max`.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max);

}  // namespace tollgate::agent
