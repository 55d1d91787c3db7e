// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/flow.h>
#include <tollgate/ip.hpp>

#include "policy/flow_record.hpp"

namespace tollgate::agent {

/// Why a record was written.
enum class FlowLogType : std::uint8_t {
    interval,    ///< a flow that goes on: what it carried since the record before
    end,         ///< a flow that is over: the rest
    drop,        ///< packets that were dropped
    would_drop,  ///< packets that enforce would have dropped
    lost,        ///< no flow: how much no record tells of
};

/// "interval", "end", "drop", "wouldDrop", "lost": as in JSON.
[[nodiscard]] std::string_view label(FlowLogType type);

/// How a flow ended.
enum class FlowEnd : std::uint8_t {
    none,     ///< it goes on, or this record is of no flow
    closed,   ///< TCP: both FINs, or a RST
    idle,     ///< nothing was said for the time-out of its protocol
    revoked,  ///< no rule allows it any more
    evicted,  ///< it had to make room; what it carried since it was last read is not known
    stopped,  ///< the agent stops; the next one goes on with it
};

/// "closed", "idle", …; none: "".
[[nodiscard]] std::string_view label(FlowEnd end);

/// What the log cannot tell, since the last record that says so.
struct FlowLogLosses {
    std::uint64_t flows = 0;    ///< came and went between two looks at the flow table
    std::uint64_t ends = 0;     ///< evicted or replaced: what they carried last is not known
    std::uint64_t drops = 0;    ///< dropped packets that no event of the data path tells of
    std::uint64_t records = 0;  ///< were made and given up

    [[nodiscard]] bool any() const { return flows + ends + drops + records > 0; }
};

/// One line of the flow log.
struct FlowLogRecord {
    FlowLogType type = FlowLogType::interval;
    FlowEnd end = FlowEnd::none;
    /// Who, when, and what was carried since the record before; drop: the packets this stands for,
    /// in their direction, without bytes.
    policy::FlowRecord flow;
    /// Of the whole flow, up to this record, by tg_direction.
    std::array<std::uint64_t, TG_DIRECTIONS> total_packets{};
    std::array<std::uint64_t, TG_DIRECTIONS> total_bytes{};
    tg_drop_reason reason{};     ///< drop, would_drop, or why enforce would drop this flow
    std::uint8_t tcp_flags = 0;  ///< drop: of the packet
    std::uint32_t generation = 0;
    std::string interface;
    std::string rule;         ///< its name; empty: none (default action or stage)
    std::string remote_name;  ///< that the remote address was resolved from; empty: unknown
    FlowLogLosses losses{};   ///< lost; then of all else only flow.last_seen counts
};

}  // namespace tollgate::agent
