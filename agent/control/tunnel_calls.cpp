// SPDX-License-Identifier: MIT
#include "agent/control/tunnel_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "agent/control/request.hpp"

namespace tollgate::agent {

namespace {

using Code = Refusal::Code;

Unexpected<Refusal> no_such_tunnel(const std::string& name) {
    return refuse(Code::not_found,
                  fmt::format("there is no tunnel '{}'", name),
                  "tollgate tunnel show lists them; new ones are made by tollgate.yaml");
}

Unexpected<Refusal> refuse_error(int error, const std::string& tunnel) {
    switch (error) {
        case ENODEV:
            return no_such_tunnel(tunnel);
        case ENOSPC:
            return refuse(Code::invalid,
                          fmt::format("{} has as many peers or allowed IPs as it can", tunnel));
        case EEXIST:
            return refuse(Code::invalid,
                          "another peer has that name",
                          "rules of the policy mean peers by their names: choose another one");
        case ENETDOWN:
            return refuse(Code::unavailable,
                          fmt::format("{} does not run", tunnel),
                          "tollgate tunnel show says why; it is tried again every few seconds");
        case ESHUTDOWN:
            return refuse(Code::unavailable, fmt::format("{} is stopping", tunnel));
        default:
            return refuse(Code::internal,
                          fmt::format("change {}: {}", tunnel, std::strerror(error)));
    }
}

// What became of a call, and whether the next start makes it as it is now.
Json change_json(std::string_view change, const std::string& tunnel) {
    Json json = envelope("TunnelChange");
    json["change"] = change;
    json["tunnel"] = tunnel;
    json["lasts"] = "untilNextStart";
    return json;
}

const TunnelStatus* find(const std::vector<TunnelStatus>& tunnels, const std::string& name) {
    const auto found = std::find_if(
        tunnels.begin(), tunnels.end(), [&](const auto& tunnel) { return tunnel.name == name; });
    return found == tunnels.end() ? nullptr : &*found;
}

const TunnelPeerStatus* find_peer(const TunnelStatus& tunnel, const std::string& name) {
    const auto key = crypto::PublicKey::parse_base64(name);
    const auto found =
        std::find_if(tunnel.peers.begin(), tunnel.peers.end(), [&](const TunnelPeerStatus& peer) {
            return key ? peer.public_key == *key : !name.empty() && peer.name == name;
        });
    return found == tunnel.peers.end() ? nullptr : &*found;
}

// Names are for one peer only, in all tunnels.
bool is_taken(const std::vector<TunnelStatus>& tunnels, const TunnelPeerRequest& request) {
    return std::any_of(tunnels.begin(), tunnels.end(), [&](const TunnelStatus& tunnel) {
        const TunnelPeerStatus* const peer = find_peer(tunnel, *request.name);
        return peer != nullptr &&
               (tunnel.name != request.tunnel || peer->public_key != request.change.public_key);
    });
}

}  // namespace

Answer<Json> show_tunnels(TunnelControl& tunnels) {
    return tunnels_json(tunnels.status());
}

Answer<Json> add_tunnel_peer(TunnelControl& tunnels, const std::string& body) {
    auto request = read_tunnel_peer(body);
    if (!request) {
        return Unexpected<Refusal>{request.error()};
    }
    const std::vector<TunnelStatus> all = tunnels.status();
    const TunnelStatus* const tunnel = find(all, request->tunnel);
    if (tunnel == nullptr) {
        return no_such_tunnel(request->tunnel);
    }
    const crypto::PublicKey key = request->change.public_key;
    if (tunnel->public_key == key) {
        return refuse(Code::invalid,
                      "that is the public key of this tunnel itself",
                      "give the one of the other host: tollgate tunnel show there");
    }
    if (request->name && is_taken(all, *request)) {
        return refuse(Code::invalid, fmt::format("another peer is called '{}'", *request->name));
    }
    const bool is_new = find_peer(*tunnel, key.to_base64()) == nullptr;
    const int error =
        tunnels.change_peer(request->tunnel, std::move(request->change), request->name);
    if (error != 0) {
        return refuse_error(error, request->tunnel);
    }
    Json json = change_json(is_new ? "peerAdded" : "peerChanged", request->tunnel);
    json["peer"] = request->name.value_or(key.to_short());
    json["publicKey"] = key.to_base64();
    return json;
}

Answer<Json> remove_tunnel_peer(TunnelControl& tunnels, const std::string& body) {
    const auto request = read_tunnel(body);
    if (!request) {
        return Unexpected<Refusal>{request.error()};
    }
    const std::vector<TunnelStatus> all = tunnels.status();
    const TunnelStatus* const tunnel = find(all, request->tunnel);
    if (tunnel == nullptr) {
        return no_such_tunnel(request->tunnel);
    }
    const TunnelPeerStatus* const peer = find_peer(*tunnel, request->peer);
    if (peer == nullptr) {
        return refuse(Code::not_found,
                      fmt::format("{} has no such peer", request->tunnel),
                      "name it as tollgate tunnel show does, or give its public key");
    }
    PeerChange change;
    change.public_key = peer->public_key;
    change.remove = true;
    const int error = tunnels.change_peer(request->tunnel, std::move(change), std::nullopt);
    if (error != 0) {
        return refuse_error(error, request->tunnel);
    }
    Json json = change_json("peerRemoved", request->tunnel);
    json["peer"] = peer->name.empty() ? peer->public_key.to_short() : peer->name;
    json["publicKey"] = peer->public_key.to_base64();
    return json;
}

Answer<Json> set_tunnel_up(TunnelControl& tunnels, const std::string& body, bool up) {
    const auto request = read_tunnel(body);
    if (!request) {
        return Unexpected<Refusal>{request.error()};
    }
    const int error = tunnels.set_up(request->tunnel, up);
    if (error != 0) {
        return refuse_error(error, request->tunnel);
    }
    return change_json(up ? "up" : "down", request->tunnel);
}

}  // namespace tollgate::agent
