// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <tollgate/result.hpp>

#include "policy/compiled.hpp"
#include "policy/model.hpp"
#include "policy/port_partition.hpp"

namespace tollgate::policy {

/// Fills `hosts`, `prefixes`, `macs`, `peers`, `names` and `verdicts` of a policy whose
/// `port_rules` have their any_rule, and sets the dimensions of `port_rules`.
///
/// Two remotes are of one class if they have the same verdict for every port class. A host's class
/// and a prefix's class account for all prefixes around them; an entry that would say no more than
/// the one around it is left out. If an IPv6 prefix would catch IPv4 addresses, which the trie
/// holds as IPv4-mapped, ::ffff:0:0/96 gets a class that has no verdicts.
/// @param rules rule i + 1 at index i
/// @return an error if there are more than kVerdictsMax verdicts
Result<void> fill_remote_tables(std::span<const Rule* const> rules,
                                const PortPartition& ports,
                                CompiledPolicy& compiled);

}  // namespace tollgate::policy
