// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_calls.hpp"

namespace tollgate::agent {

namespace {

void add_text(Json& json, const char* key, std::string_view text) {
    if (!text.empty()) {
        json[key] = text;
    }
}

Json peer_json(const TunnelPeerStatus& peer) {
    Json json = Json::object();
    add_text(json, "name", peer.name);
    json["publicKey"] = peer.public_key.to_base64();
    json["presharedKey"] = peer.has_preshared_key;
    if (peer.endpoint.is_known()) {
        json["endpoint"] = peer.endpoint.to_string();
    }
    add_text(json, "configuredEndpoint", peer.configured_endpoint);
    add_text(json, "endpointProblem", peer.endpoint_problem);
    json["allowedIPs"] = Json::array();
    for (const Prefix& prefix : peer.allowed_ips) {
        json["allowedIPs"].push_back(format_allowed_ip(prefix));
    }
    if (peer.last_handshake.count() != 0) {
        json["latestHandshake"] = time_json(
            std::chrono::duration_cast<std::chrono::seconds>(peer.last_handshake).count());
    }
    json["receivedBytes"] = peer.received_bytes;
    json["sentBytes"] = peer.sent_bytes;
    if (peer.persistent_keepalive != 0) {
        json["persistentKeepalive"] = peer.persistent_keepalive;
    }
    return json;
}

// Those of the interface, if none are configured: an administrator may have set them.
std::vector<InterfaceAddress> addresses_of(const TunnelStatus& tunnel) {
    return tunnel.addresses.empty()
               ? interface_addresses(tunnel.name).value_or(std::vector<InterfaceAddress>{})
               : tunnel.addresses;
}

Json tunnel_json(const TunnelStatus& tunnel) {
    Json json{{"name", tunnel.name}, {"state", label(tunnel.state)}};
    add_text(json, "reason", tunnel.reason);
    json["configured"] = tunnel.is_configured;
    if (tunnel.public_key) {
        json["publicKey"] = tunnel.public_key->to_base64();
    }
    if (tunnel.listen_port != 0) {
        json["listenPort"] = tunnel.listen_port;
    }
    if (tunnel.fwmark != 0) {
        json["fwmark"] = tunnel.fwmark;
    }
    if (tunnel.stealth != StealthMode::off) {
        json["stealth"] = label(tunnel.stealth);
    }
    if (tunnel.mtu != 0) {
        json["mtu"] = tunnel.mtu;
    }
    add_text(json, "mtuReason", tunnel.mtu_reason);
    if (tunnel.threads != 0) {
        json["threads"] = tunnel.threads;
    }
    add_text(json, "threadsReason", tunnel.threads_reason);
    add_text(json, "backend", tunnel.backend);
    add_text(json, "backendReason", tunnel.backend_reason);
    add_text(json, "cipher", tunnel.cipher);
    add_text(json, "cipherReason", tunnel.cipher_reason);
    json["addresses"] = Json::array();
    for (const InterfaceAddress& address : addresses_of(tunnel)) {
        const std::string network = format_allowed_ip(address.network);
        json["addresses"].push_back(address.address.to_string() +
                                    network.substr(network.find('/')));
    }
    json["peers"] = Json::array();
    for (const TunnelPeerStatus& peer : tunnel.peers) {
        json["peers"].push_back(peer_json(peer));
    }
    return json;
}

}  // namespace

Json tunnels_json(const std::vector<TunnelStatus>& tunnels) {
    Json json = envelope("Tunnels");
    json["tunnels"] = Json::array();
    for (const TunnelStatus& tunnel : tunnels) {
        json["tunnels"].push_back(tunnel_json(tunnel));
    }
    return json;
}

}  // namespace tollgate::agent
