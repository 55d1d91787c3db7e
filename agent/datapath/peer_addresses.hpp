// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/datapath/tunnel_map_set.hpp"

/// Whose the inner addresses behind a tunnel's interface are (TunnelGate::own). After each change
/// the flows of the zone are judged again.
namespace tollgate::agent {

/// @return as BPF_MAP_UPDATE_ELEM
[[nodiscard]] Result<void> own(const TunnelMapSet& maps,
                               std::uint8_t zone,
                               const Prefix& prefix,
                               std::string_view peer);
void disown(const TunnelMapSet& maps, std::uint8_t zone, const Prefix& prefix);
void disown_all(const TunnelMapSet& maps, std::uint8_t zone);

}  // namespace tollgate::agent
