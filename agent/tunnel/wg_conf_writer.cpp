// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/wg_conf.hpp"

namespace tollgate::agent {
namespace {

void append_key(SecretText& text, std::string_view name, const crypto::SymmetricKey& key) {
    text += name;
    append_wiped(text, crypto::encode_base64(key));
    text += "\n";
}

template <typename List, typename Format>
void append_list(SecretText& text, std::string_view name, const List& list, const Format& format) {
    std::string_view before = name;
    for (const auto& element : list) {
        text += before;
        text += format(element);
        before = ", ";
    }
    text += list.empty() ? "" : "\n";
}

void append_peer(SecretText& text, const WgConfPeer& peer) {
    text += fmt::format("\n[Peer]\nPublicKey = {}\n", peer.public_key.to_base64());
    if (peer.preshared_key) {
        append_key(text, "PresharedKey = ", *peer.preshared_key);
    }
    append_list(text, "AllowedIPs = ", peer.allowed_ips, format_allowed_ip);
    if (peer.endpoint) {
        text += fmt::format("Endpoint = {}\n", peer.endpoint->to_string());
    }
    if (peer.persistent_keepalive != 0) {
        text += fmt::format("PersistentKeepalive = {}\n", peer.persistent_keepalive);
    }
}

}  // namespace

SecretText write_wg_conf(const WgConf& conf) {
    SecretText text;
    text += "[Interface]\n";
    if (conf.listen_port) {
        text += fmt::format("ListenPort = {}\n", *conf.listen_port);
    }
    if (conf.fwmark) {
        text += fmt::format("FwMark = 0x{:x}\n", *conf.fwmark);
    }
    if (conf.private_key) {
        append_key(text, "PrivateKey = ", *conf.private_key);
    }
    append_list(text, "Address = ", conf.addresses, [](const InterfaceAddress& address) {
        const std::string network = format_allowed_ip(address.network);
        return address.address.to_string() + network.substr(network.find('/'));
    });
    if (conf.mtu) {
        text += fmt::format("MTU = {}\n", *conf.mtu);
    }
    for (const WgConfPeer& peer : conf.peers) {
        append_peer(text, peer);
    }
    return text;
}

}  // namespace tollgate::agent
