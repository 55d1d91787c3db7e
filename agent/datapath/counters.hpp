// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <tollgate/abi/counters.h>
#include <tollgate/abi/flow.h>
#include <tollgate/abi/report.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"

namespace tollgate::agent {

/// The counters of abi/counters.h, summed over the CPUs. They are read while they count: each
/// number is right, two of them may be a few packets apart.
[[nodiscard]] Result<tg_interface_counters> read_interface_counters(const GateObject& maps,
                                                                    std::uint8_t zone,
                                                                    tg_direction direction);
[[nodiscard]] Result<tg_gate_counters> read_gate_counters(const GateObject& maps);
[[nodiscard]] Result<tg_table_counters> read_table_counters(const GateObject& maps,
                                                            tg_flow_table table);
/// @param rules  how many, from rule 0 on; at most TG_RULES_MAX
[[nodiscard]] Result<std::vector<tg_rule_counters>> read_rule_counters(const GateObject& maps,
                                                                       std::uint32_t slot,
                                                                       std::uint32_t rules);

/// See Gate::reports().
[[nodiscard]] Result<std::vector<tg_report>> read_reports(const GateObject& maps);

}  // namespace tollgate::agent
