// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string_view>

#include <tollgate/abi/policy.h>
#include <tollgate/abi/tunnel.h>
#include <tollgate/ip.hpp>

/// What the policy speaks of, as keys of maps.
namespace tollgate::agent {

[[nodiscard]] inline const IpAddress& map_key(const IpAddress& address) {
    static_assert(sizeof address == 16);
    return address;
}

[[nodiscard]] inline std::uint64_t map_key(std::uint64_t name_hash) {
    return name_hash;
}

[[nodiscard]] inline const tg_verdict_key& map_key(const tg_verdict_key& key) {
    return key;
}

[[nodiscard]] inline tg_prefix_key map_key(const Prefix& prefix) {
    tg_prefix_key key{};
    key.length = prefix.length;
    std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), key.address);
    return key;
}

[[nodiscard]] inline tg_mac_key map_key(const MacAddress& mac) {
    tg_mac_key key{};
    std::copy(mac.bytes.begin(), mac.bytes.end(), key.mac);
    return key;
}

/// @pre  the name is not longer than TG_PEER_NAME_MAX
[[nodiscard]] inline tg_peer_name map_key(std::string_view peer) {
    tg_peer_name key{};
    assert(peer.size() <= sizeof key.name);
    std::copy(peer.begin(), peer.end(), key.name);
    return key;
}

[[nodiscard]] inline tg_peer_prefix_key map_key(std::uint8_t zone, const Prefix& inner) {
    tg_peer_prefix_key key{};
    key.length = TG_PEER_ZONE_BITS + std::uint32_t{inner.length};
    key.zone = zone;
    std::copy(inner.address.bytes.begin(), inner.address.bytes.end(), key.address);
    return key;
}

}  // namespace tollgate::agent
