// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/control/members.hpp"
#include "agent/control/request.hpp"
#include "agent/system/interface.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kAllowedIpsMax = 10'000;

Unexpected<Refusal> wrong_type(const std::string& member) {
    return invalid(fmt::format("{} has a value of the wrong type", member));
}

// Not quoted: people mistake their private key for it.
Answer<crypto::PublicKey> read_public_key(const std::string& text) {
    const auto key = crypto::PublicKey::parse_base64(text);
    if (!key || !key->is_sound()) {
        return refuse(Refusal::Code::invalid,
                      "that is no public key",
                      "44 characters, as 'tollgate tunnel pubkey' prints them on the other host");
    }
    return *key;
}

Answer<void> read_allowed_ips(const std::vector<std::string>& texts, PeerChange& change) {
    if (texts.size() > kAllowedIpsMax) {
        return invalid(fmt::format("more than {} allowed IPs", kAllowedIpsMax));
    }
    change.replace_allowed_ips = true;
    for (const std::string& text : texts) {
        const auto prefix = parse_allowed_ip(text);
        if (!prefix) {
            return invalid(fmt::format("'{}' is no address or CIDR block", text));
        }
        change.allowed_ips.push_back({*prefix, false});
    }
    return {};
}

}  // namespace

Answer<TunnelRequest> read_tunnel(const std::string& body) {
    const auto object = parse_body(body);
    if (!object) {
        return Unexpected<Refusal>{object.error()};
    }
    TunnelRequest request;
    Members members{*object};
    members.read("tunnel", request.tunnel);
    members.read("peer", request.peer);
    if (!members.wrong().empty()) {
        return wrong_type(members.wrong());
    }
    if (!is_interface_name(request.tunnel)) {
        return invalid("name the tunnel in `tunnel`");
    }
    return request;
}

Answer<TunnelPeerRequest> read_tunnel_peer(const std::string& body) {
    const auto tunnel = read_tunnel(body);
    if (!tunnel) {
        return Unexpected<Refusal>{tunnel.error()};
    }
    const auto object = parse_body(body);
    TunnelPeerRequest request;
    request.tunnel = tunnel->tunnel;
    std::string key;
    std::optional<std::string> endpoint;
    std::optional<std::vector<std::string>> allowed_ips;
    Members members{*object};
    members.read("publicKey", key);
    members.read("name", request.name);
    members.read("endpoint", endpoint);
    members.read("allowedIPs", allowed_ips);
    if (object->contains("persistentKeepalive")) {
        members.read_unsigned("persistentKeepalive", request.change.persistent_keepalive.emplace());
    }
    if (!members.wrong().empty()) {
        return wrong_type(members.wrong());
    }
    const auto public_key = read_public_key(key);
    if (!public_key) {
        return Unexpected<Refusal>{public_key.error()};
    }
    request.change.public_key = *public_key;
    if (request.name && !policy::is_identifier(*request.name)) {
        return invalid(
            fmt::format("'{}' is no name of a peer: 1 to 63 lower-case letters, digits and '-'",
                        *request.name));
    }
    if (endpoint) {
        request.change.endpoint = Endpoint::parse(*endpoint);
        if (!request.change.endpoint) {
            return invalid(fmt::format("'{}' is no ADDRESS:PORT", *endpoint));
        }
    }
    if (allowed_ips) {
        const auto read = read_allowed_ips(*allowed_ips, request.change);
        if (!read) {
            return Unexpected<Refusal>{read.error()};
        }
    }
    return request;
}

}  // namespace tollgate::agent
