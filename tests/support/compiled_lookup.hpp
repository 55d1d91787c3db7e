// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "policy/compiled.hpp"
#include "policy/explain.hpp"
#include "tests/support/port_index.hpp"

/// Finds a verdict in compiled tables the way the data path does (docs/packet-path.md, section 7),
/// with maps replaced by searches. Knows nothing of rules, groups or address families.
namespace tollgate::tests {

/// As the kernel's LPM trie: bits only.
inline bool holds_bitwise(const Prefix& prefix, const IpAddress& address) {
    for (std::size_t bit = 0; bit < prefix.length; ++bit) {
        const unsigned difference = prefix.address.bytes[bit / 8] ^ address.bytes[bit / 8];
        if ((difference & (0x80U >> (bit % 8))) != 0) {
            return false;
        }
    }
    return true;
}

inline bool filter_lets_pass(const policy::CompiledPolicy& compiled, const IpAddress& address) {
    const auto word = [&](std::size_t i) {
        return address.bytes[i] << 8U | address.bytes[i + 1];
    };
    const bool ipv6 = !address.is_ipv4();
    const auto bit = static_cast<std::size_t>(ipv6 ? word(0) ^ word(2) : word(12));
    const std::size_t index = (ipv6 ? TG_ADDRESS_FILTER_WORDS : 0) + bit / 64;
    return (compiled.address_filter.at(index) >> (bit % 64) & 1U) != 0;
}

template <typename Key>
std::uint32_t find_class(const std::vector<std::pair<Key, std::uint32_t>>& table, const Key& key) {
    const auto found = std::find_if(
        table.begin(), table.end(), [&](const auto& entry) { return entry.first == key; });
    return found == table.end() ? 0 : found->second;
}

inline std::uint32_t address_class(const policy::CompiledPolicy& compiled,
                                   const IpAddress& address) {
    if (!filter_lets_pass(compiled, address)) {
        return 0;
    }
    if (const std::uint32_t host = find_class(compiled.hosts, address); host != 0) {
        return host;
    }
    std::uint32_t best = 0;
    int longest = -1;
    for (const auto& [prefix, remote_class] : compiled.prefixes) {
        if (holds_bitwise(prefix, address) && int{prefix.length} > longest) {
            best = remote_class;
            longest = prefix.length;
        }
    }
    return best;
}

/// @param patterns that `resolved` holds for the address
/// @return the rule that decides; 0: the default action
inline std::uint32_t find_rule(const policy::CompiledPolicy& compiled,
                               const policy::Tuple& tuple,
                               const std::vector<policy::NamePattern>& patterns) {
    const auto direction = static_cast<std::size_t>(tuple.direction);
    const std::uint16_t port_class =
        compiled.port_classes.at(tuple.link).at(direction).at(test::port_index(tuple.service));
    const tg_port_rule& port_rule = compiled.port_rules.at(port_class);
    std::uint32_t best = port_rule.any_rule;
    const auto consider = [&](std::uint32_t remote_class) {
        for (const auto& [key, rule] : compiled.verdicts) {
            if (remote_class != 0 && key.remote_class == remote_class &&
                key.port_class == port_class && (best == 0 || rule < best)) {
                best = rule;
            }
        }
    };
    if ((port_rule.dimensions & TG_BY_ADDRESS) != 0) {
        consider(address_class(compiled, tuple.remote));
    }
    if ((port_rule.dimensions & TG_BY_MAC) != 0 && tuple.mac) {
        consider(find_class(compiled.macs, *tuple.mac));
    }
    if ((port_rule.dimensions & TG_BY_PEER) != 0 && tuple.link == TG_LINK_TUNNEL) {
        consider(find_class(compiled.peers, tuple.peer));
    }
    for (const policy::NamePattern& pattern : patterns) {
        if ((port_rule.dimensions & TG_BY_NAME) != 0) {
            consider(find_class(compiled.names, pattern));
        }
    }
    return best;
}

}  // namespace tollgate::tests
