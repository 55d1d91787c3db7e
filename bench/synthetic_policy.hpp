// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tollgate/ip.hpp>

#include "policy/model.hpp"

namespace tollgate::bench {

inline constexpr std::uint16_t kOpenPort = 2222;    ///< every tenth rule opens it to its own remote
inline constexpr std::uint16_t kClosedPort = 9999;  ///< no rule opens it

inline constexpr std::uint16_t kLabPort = 7777;  ///< open to the lab, 10.99.0.0/24

/// A policy of `rules` allow rules, in turn for a host and for a /24, all over the unicast space;
/// the same for the same number. Defaults: drop.
/// @param wide one more rule, for another port and half of all addresses: the filter of addresses
///             that no rule names is then useless, the worst case of the data path
policy::Policy synthetic_policy(std::size_t rules, bool wide = false);

/// Prefixes /20 to /32, none of them in 10.0.0.0/8 (the lab's own addresses).
std::vector<Prefix> synthetic_blocklist(std::size_t prefixes);

}  // namespace tollgate::bench
