// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// A tunnel's place among all that the gate has, and the few things of the gate that tunnels share.
/// Whoever hands out the seats does them; everything else a tunnel writes to the maps by itself.
/// Thread-safe.
class TunnelSeat {
  public:
    TunnelSeat() = default;
    virtual ~TunnelSeat() = default;
    TunnelSeat(const TunnelSeat&) = delete;
    TunnelSeat& operator=(const TunnelSeat&) = delete;

    /// Receiver slots that are handed out at a time.
    static constexpr std::uint32_t kSlots = 512;

    /// Below TG_TUNNELS_MAX; no other tunnel has it.
    [[nodiscard]] virtual std::uint32_t number() const = 0;
    /// kSlots slots for receiver indices that nobody else uses. @return the first of them; ENOSPC:
    /// all are taken
    [[nodiscard]] virtual Result<std::uint32_t> take_slots() = 0;
    /// Whether the gate looks for a tunnel at this port (host order): at one port at a time.
    /// @return EADDRINUSE: it is another's, or nobody's; EBUSY: at another one; else as
    ///         BPF_MAP_UPDATE_ELEM
    [[nodiscard]] virtual Result<void> mark_port(std::uint16_t port, bool guarded) = 0;
};

}  // namespace tollgate::agent
