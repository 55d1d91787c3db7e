// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <tollgate/result.hpp>

#include "agent/cli/json.hpp"
#include "agent/tunnel/wg_conf.hpp"

/// From what the agent tells of a tunnel to a file of wg(8), which has no preshared keys then.
namespace tollgate::cli {

/// The file of this host. @param tunnel  an element of /v1/tunnels
[[nodiscard]] Result<agent::WgConf> export_tunnel(const Json& tunnel);

/// The file of the host of a peer, whose own private key is missing: only it has that.
/// @param peer  its name or public key
/// @param endpoint  where this host is reached
[[nodiscard]] Result<agent::WgConf> export_peer(const Json& tunnel,
                                                const std::string& peer,
                                                const std::string& endpoint);

}  // namespace tollgate::cli
