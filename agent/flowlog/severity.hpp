// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

/// Of syslog and the journal: 4 (warning) for losses, 5 (notice) for drops, 6 (informational) for
/// flows.
[[nodiscard]] constexpr std::uint8_t severity_of(FlowLogType type) {
    switch (type) {
        case FlowLogType::lost:
            return 4;
        case FlowLogType::drop:
        case FlowLogType::would_drop:
            return 5;
        case FlowLogType::interval:
        case FlowLogType::end:
            return 6;
    }
    return 6;
}

}  // namespace tollgate::agent
