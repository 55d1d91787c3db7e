// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include <tollgate/abi/policy.h>
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

}  // namespace tollgate::agent
