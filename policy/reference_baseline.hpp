// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include <tollgate/result.hpp>

#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// The baseline (docs/packet-path.md, section 3): what a host needs to have an address at all.
/// @param enabled enum tg_baseline, the parts that are switched on
/// @return none: passes, a reason: refused; nullopt: not the baseline's to decide
[[nodiscard]] std::optional<DropReason> baseline_verdict(const PacketView& view,
                                                         std::uint32_t enabled);

}  // namespace tollgate::policy
