// SPDX-License-Identifier: MIT
#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

std::string_view label(FlowLogType type) {
    switch (type) {
        case FlowLogType::interval:
            return "interval";
        case FlowLogType::end:
            return "end";
        case FlowLogType::drop:
            return "drop";
        case FlowLogType::would_drop:
            return "wouldDrop";
        case FlowLogType::lost:
            return "lost";
    }
    return "";
}

std::string_view label(FlowEnd end) {
    switch (end) {
        case FlowEnd::none:
            return "";
        case FlowEnd::closed:
            return "closed";
        case FlowEnd::idle:
            return "idle";
        case FlowEnd::revoked:
            return "revoked";
        case FlowEnd::evicted:
            return "evicted";
        case FlowEnd::stopped:
            return "stopped";
    }
    return "";
}

}  // namespace tollgate::agent
