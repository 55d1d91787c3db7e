// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

/// Appends a record as one JSON object (docs/json/flow-log.schema.json) without a line break. What
/// is not UTF-8 in a name is replaced by U+FFFD. At most kFlowLogJsonMax bytes.
void append_json(std::string& text, const FlowLogRecord& record);

inline constexpr std::size_t kFlowLogJsonMax = 4000;

}  // namespace tollgate::agent
