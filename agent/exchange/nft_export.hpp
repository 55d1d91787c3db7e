// SPDX-License-Identifier: MIT
#pragma once

#include "agent/exchange/exported.hpp"
#include "policy/model.hpp"

namespace tollgate::exchange {

/// Writes a policy as a ruleset for nft(8) that stands by itself: one table, `inet tollgate`, with
/// a chain for each direction. About the first packet of a flow it says what the gate says
/// (docs/import-export.md has the limits of that); answers pass by connection tracking.
[[nodiscard]] Exported export_nft(const policy::Policy& policy);

}  // namespace tollgate::exchange
