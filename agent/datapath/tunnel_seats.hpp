// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include <tollgate/abi/limits.h>
#include <tollgate/result.hpp>

#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/tunnel_map_set.hpp"
#include "agent/datapath/tunnel_seat.hpp"

namespace tollgate::agent {

/// Hands out the places that tunnels have in the gate. Thread-safe.
class TunnelSeats : public std::enable_shared_from_this<TunnelSeats> {
  public:
    /// Forgets what an earlier agent left: its keys died with it. @param object  is kept alive
    [[nodiscard]] static Result<std::shared_ptr<TunnelSeats>> open(
        std::shared_ptr<const GateObject> object);

    /// A seat for the tunnel of this zone, whose peers are nobody yet. When it is given up, which
    /// is by destroying it, the gate forgets what the tunnel has told it and has not taken back.
    /// @return ENOSPC: there are TG_TUNNELS_MAX
    [[nodiscard]] Result<std::unique_ptr<TunnelSeat>> take(std::uint8_t zone);

    /// Valid as long as this object.
    [[nodiscard]] const TunnelMapSet& maps() const { return maps_; }

  private:
    class Seat;

    explicit TunnelSeats(std::shared_ptr<const GateObject> object);

    [[nodiscard]] Result<void> forget_all();
    [[nodiscard]] Result<std::uint32_t> take_slots(std::uint32_t number);
    [[nodiscard]] Result<void> mark_port(std::uint32_t number, std::uint16_t port, bool guarded);
    [[nodiscard]] Result<void> write_mark(std::uint16_t port, bool guarded);
    void leave(std::uint32_t number, std::uint8_t zone);

    static constexpr std::size_t kSlotGroups = TG_RECEIVERS_MAX / TunnelSeat::kSlots;

    std::shared_ptr<const GateObject> object_;
    TunnelMapSet maps_;
    std::mutex mutex_;  ///< of what is below, and of the words of maps_.ports
    std::array<bool, TG_TUNNELS_MAX> taken_{};
    std::array<std::uint16_t, TG_TUNNELS_MAX> ports_{};             ///< marked by each; 0: none
    std::array<std::optional<std::uint32_t>, kSlotGroups> owners_;  ///< of each kSlots slots
};

}  // namespace tollgate::agent
