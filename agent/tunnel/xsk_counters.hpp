// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "agent/report/metrics.hpp"

namespace tollgate::agent {

/// What the kernel has dropped of what an AF_XDP socket was to get or to send (XDP_STATISTICS).
struct XskDrops {
    std::uint64_t rx_dropped = 0;     ///< no room for the frame, or it was too long
    std::uint64_t rx_invalid = 0;     ///< frames of ours, in the fill ring, that it did not take
    std::uint64_t rx_ring_full = 0;   ///< we were too slow. Linux 5.9 and later, as the next
    std::uint64_t rx_fill_empty = 0;  ///< we gave no frames back
    std::uint64_t tx_invalid = 0;     ///< descriptors that it did not take

    [[nodiscard]] std::uint64_t received() const {
        return rx_dropped + rx_invalid + rx_ring_full + rx_fill_empty;
    }
    [[nodiscard]] std::uint64_t sent() const { return tx_invalid; }
};

/// One direction of an AF_XDP socket.
struct XskWayCounters {
    std::uint64_t frames = 0;
    std::uint64_t wakeups = 0;  ///< system calls that woke the kernel
    Batches batches;            ///< frames at a time; of those that have any
};

/// An AF_XDP socket, since it was opened.
struct XskQueueCounters {
    std::string interface;
    std::uint32_t queue = 0;
    bool is_zero_copy = false;
    XskWayCounters received;
    XskWayCounters sent;
    XskDrops drops;
};

}  // namespace tollgate::agent
