// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/model.hpp"

/// What rules match, in the words of nft(8).
namespace tollgate::exchange {

/// "ip saddr { 192.0.2.0/24, … }", "ip6 saddr …": one text for each family; prefixes that others
/// hold are left out, as nft refuses intervals that overlap.
/// @param side  "saddr" or "daddr"
[[nodiscard]] std::vector<std::string> match_prefixes(const std::vector<Prefix>& prefixes,
                                                      const std::string& side);

/// "tcp dport { 80, 443 }", "icmp type 8", "meta l4proto 47": one text for each protocol. One empty
/// text for every protocol.
[[nodiscard]] std::vector<std::string> match_services(const std::vector<policy::Service>& services);

}  // namespace tollgate::exchange
