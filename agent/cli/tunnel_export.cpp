// SPDX-License-Identifier: MIT
#include "agent/cli/tunnel_export.hpp"

#include <fmt/format.h>

#include "agent/tunnel/tunnel_config.hpp"

namespace tollgate::cli {
namespace {

Result<crypto::PublicKey> public_key(const Json& object, const std::string& whose) {
    const auto key = crypto::PublicKey::parse_base64(text(object, "publicKey"));
    return key ? Result<crypto::PublicKey>{*key}
               : failure(fmt::format("{} has no public key yet: give it a private key", whose));
}

std::vector<std::string> texts(const Json& object, const char* key) {
    std::vector<std::string> all;
    for (const Json& item : list(object, key)) {
        if (item.is_string()) {
            all.push_back(item.get<std::string>());
        }
    }
    return all;
}

void add_address(agent::WgConf& conf, const std::string& address) {
    const auto parsed = IpAddress::parse(address.substr(0, address.find('/')));
    const auto network = agent::parse_allowed_ip(address);
    if (parsed && network) {
        conf.addresses.push_back({*parsed, *network});
    }
}

void add_allowed_ip(agent::WgConfPeer& peer, const std::string& prefix) {
    if (const auto parsed = agent::parse_allowed_ip(prefix)) {
        peer.allowed_ips.push_back(*parsed);
    }
}

Result<agent::WgConfPeer> peer_of(const Json& json) {
    const auto key = public_key(json, "a peer");
    if (!key) {
        return Failure{key.error()};
    }
    agent::WgConfPeer peer;
    peer.public_key = *key;
    for (const std::string& prefix : texts(json, "allowedIPs")) {
        add_allowed_ip(peer, prefix);
    }
    const std::string configured = text(json, "configuredEndpoint");
    peer.endpoint =
        agent::HostPort::parse(configured.empty() ? text(json, "endpoint") : configured);
    peer.persistent_keepalive = static_cast<std::uint16_t>(
        std::min<std::uint64_t>(number(json, "persistentKeepalive"), UINT16_MAX));
    return peer;
}

const Json* find_peer(const Json& tunnel, const std::string& name) {
    for (const Json& peer : list(tunnel, "peers")) {
        if (text(peer, "name") == name || text(peer, "publicKey") == name) {
            return &peer;
        }
    }
    return nullptr;
}

}  // namespace

Result<agent::WgConf> export_tunnel(const Json& tunnel) {
    agent::WgConf conf;
    if (has(tunnel, "listenPort")) {
        conf.listen_port = static_cast<std::uint16_t>(number(tunnel, "listenPort"));
    }
    if (has(tunnel, "fwmark")) {
        conf.fwmark = static_cast<std::uint32_t>(number(tunnel, "fwmark"));
    }
    if (has(tunnel, "mtu")) {
        conf.mtu = static_cast<std::uint32_t>(number(tunnel, "mtu"));
    }
    for (const std::string& address : texts(tunnel, "addresses")) {
        add_address(conf, address);
    }
    for (const Json& peer : list(tunnel, "peers")) {
        auto read = peer_of(peer);
        if (!read) {
            return Failure{read.error()};
        }
        conf.peers.push_back(std::move(*read));
    }
    return conf;
}

Result<agent::WgConf> export_peer(const Json& tunnel,
                                  const std::string& peer,
                                  const std::string& endpoint) {
    const std::string name = text(tunnel, "name");
    const Json* const found = find_peer(tunnel, peer);
    if (found == nullptr) {
        return failure(fmt::format("{} has no peer '{}'", name, peer));
    }
    const auto ours = public_key(tunnel, name);
    if (!ours) {
        return Failure{ours.error()};
    }
    agent::WgConf conf;
    for (const std::string& prefix : texts(*found, "allowedIPs")) {
        const bool is_host =
            prefix.ends_with(prefix.find(':') == std::string::npos ? "/32" : "/128");
        if (is_host) {
            add_address(conf, prefix);
        }
    }
    agent::WgConfPeer& us = conf.peers.emplace_back();
    us.public_key = *ours;
    for (const std::string& address : texts(tunnel, "addresses")) {
        add_allowed_ip(us, address.substr(0, address.find('/')));
    }
    us.endpoint = agent::HostPort::parse(endpoint);
    us.persistent_keepalive = static_cast<std::uint16_t>(
        std::min<std::uint64_t>(number(*found, "persistentKeepalive"), UINT16_MAX));
    return conf;
}

}  // namespace tollgate::cli
