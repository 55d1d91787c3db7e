// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "agent/control/json.hpp"
#include "agent/core/refusal.hpp"
#include "agent/tunnel/tunnel_control.hpp"

/// The calls below /v1/tunnels of docs/control-api.md. Thread-safe; none is made in the loop, so
/// that a tunnel that is slow to answer holds up nobody else.
namespace tollgate::agent {

/// Without any secret: it is for everybody who may read.
[[nodiscard]] Json tunnels_json(const std::vector<TunnelStatus>& tunnels);

[[nodiscard]] Answer<Json> show_tunnels(TunnelControl& tunnels);
/// @param body  {tunnel, publicKey, allowedIPs?, endpoint?, persistentKeepalive?, name?}: a new
///              peer, or a change of one; what is absent stays
[[nodiscard]] Answer<Json> add_tunnel_peer(TunnelControl& tunnels, const std::string& body);
/// @param body  {tunnel, peer}, the peer by its name or its public key
[[nodiscard]] Answer<Json> remove_tunnel_peer(TunnelControl& tunnels, const std::string& body);
/// @param body  {tunnel}
[[nodiscard]] Answer<Json> set_tunnel_up(TunnelControl& tunnels, const std::string& body, bool up);

}  // namespace tollgate::agent
