// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>

#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::test {

[[nodiscard]] inline std::string hex_line(std::string_view key, std::span<const std::byte> bytes) {
    std::string text(key);
    for (const std::byte byte : bytes) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto value = std::to_integer<unsigned>(byte);
        text += {kDigits[value >> 4U], kDigits[value & 0xfU]};
    }
    return text + "\n";
}

[[nodiscard]] inline std::string uapi_lines(const agent::PeerChange& peer) {
    std::string text = hex_line("public_key=", peer.public_key.bytes);
    text += peer.remove ? "remove=true\n" : "";
    text += peer.update_only ? "update_only=true\n" : "";
    if (peer.preshared_key) {
        text += hex_line("preshared_key=", peer.preshared_key->bytes());
    }
    if (peer.endpoint) {
        text += "endpoint=" + peer.endpoint->to_string() + "\n";
    }
    if (peer.persistent_keepalive) {
        text +=
            "persistent_keepalive_interval=" + std::to_string(*peer.persistent_keepalive) + "\n";
    }
    text += peer.replace_allowed_ips ? "replace_allowed_ips=true\n" : "";
    for (const agent::AllowedIpChange& one : peer.allowed_ips) {
        text += (one.remove ? "allowed_ip=-" : "allowed_ip=") +
                agent::format_allowed_ip(one.prefix) + "\n";
    }
    return text;
}

/// The text of a set, as wg(8) would send it.
[[nodiscard]] inline std::string uapi_set(const agent::DeviceChange& change) {
    std::string text = "set=1\n";
    if (change.private_key) {
        text += hex_line("private_key=", change.private_key->bytes());
    }
    if (change.listen_port) {
        text += "listen_port=" + std::to_string(*change.listen_port) + "\n";
    }
    if (change.fwmark) {
        text += "fwmark=" + std::to_string(*change.fwmark) + "\n";
    }
    text += change.replace_peers ? "replace_peers=true\n" : "";
    for (const agent::PeerChange& peer : change.peers) {
        text += uapi_lines(peer);
    }
    return text + "\n";
}

}  // namespace tollgate::test
