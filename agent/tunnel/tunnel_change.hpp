// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <tollgate/ip.hpp>

#include "agent/tunnel/tunnel_config.hpp"
#include "agent/tunnel/tunnel_keys.hpp"
#include "agent/tunnel/tunnel_settings.hpp"

namespace tollgate::agent {

/// What makes a running device what the file says, and nothing more: a peer that stays keeps its
/// keypairs, and the place where it was last heard, unless the file names another one than before.
/// Peers that the file does not have are removed.
/// @param before  the settings in force; null: none
[[nodiscard]] DeviceChange difference(const DeviceState& running,
                                      const TunnelSettings* before,
                                      const TunnelSettings& wanted,
                                      const TunnelKeys& keys);

/// Changes that are as if nothing was asked for.
[[nodiscard]] bool is_empty(const DeviceChange& change);

/// The networks that need a route of their own: allowed IPs outside the networks of the interface's
/// addresses.
[[nodiscard]] std::vector<Prefix> routes_of(const TunnelSettings& settings);

}  // namespace tollgate::agent
