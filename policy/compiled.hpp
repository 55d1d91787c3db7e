// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tollgate/abi/policy.h>
#include <tollgate/ip.hpp>

#include "policy/model.hpp"

namespace tollgate::policy {

/// A policy as the tables of abi/policy.h, for one slot. The agent copies them into the maps.
///
/// Invariants: rule 0 is unused; rules are numbered by precedence at the time of compilation, so
/// that of several candidates (of an address, a MAC, a peer, names, any remote) the lowest number
/// decides; every index is below the limit of abi/limits.h; `verdicts` has an entry for a {class,
/// port class} only if it differs from the port class's `any_rule`.
struct CompiledPolicy {
    /// Class of every port, ICMP type and protocol: by link and direction, TG_PORTS_PER_DIRECTION
    /// entries each.
    std::array<std::array<std::vector<std::uint16_t>, TG_DIRECTIONS>, TG_LINKS> port_classes;
    std::vector<tg_port_rule> port_rules;  ///< index: port class
    std::vector<std::pair<IpAddress, std::uint32_t>> hosts;
    std::vector<std::pair<Prefix, std::uint32_t>> prefixes;  ///< no hosts among them
    std::vector<std::pair<MacAddress, std::uint32_t>> macs;
    std::vector<std::pair<std::string, std::uint32_t>> peers;  ///< by name
    /// Class, or 0. The agent hashes them, with a key that only the gate has.
    std::vector<std::pair<NamePattern, std::uint32_t>> names;
    std::vector<std::pair<tg_verdict_key, std::uint32_t>> verdicts;
    /// Index: rule. `expires_ns` holds wall-clock seconds since 1970 here; the agent converts.
    std::vector<tg_rule> rules;
    std::vector<std::string> rule_names;  ///< index: rule; rule_names[0] is ""
    std::array<std::uint64_t, std::size_t{2} * TG_ADDRESS_FILTER_WORDS>
        address_filter{};                                      ///< IPv4, then IPv6
    std::array<std::uint8_t, TG_DIRECTIONS> default_action{};  ///< enum tg_action
    std::uint32_t baseline = 0;
};

}  // namespace tollgate::policy
