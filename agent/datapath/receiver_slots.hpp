// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include <tollgate/abi/tunnel.h>
#include <tollgate/result.hpp>

#include "agent/datapath/map_entries.hpp"
#include "agent/datapath/tunnel_seat.hpp"
#include "agent/tunnel/tunnel_gate.hpp"

namespace tollgate::agent {

/// The slots in which a tunnel tells the gate what its receiver indices accept: memory that is
/// shared with the kernel. Thread-safe.
class ReceiverSlots {
  public:
    /// Reserves addresses for all slots; mapped, and memory of this process, are those of the seat
    /// only. @param map  `receiver_slots` @param seat  outlives this, as the map does
    /// @return as mmap(2)
    [[nodiscard]] static Result<ReceiverSlots> open(const MapHandle& map, TunnelSeat& seat);
    ~ReceiverSlots();
    ReceiverSlots(ReceiverSlots&& other) noexcept;
    ReceiverSlots& operator=(ReceiverSlots&&) = delete;
    ReceiverSlots(const ReceiverSlots&) = delete;
    ReceiverSlots& operator=(const ReceiverSlots&) = delete;

    /// A slot that nobody uses, all zeros; empty: there is no room.
    [[nodiscard]] GateReceiver take();
    /// @param receiver  from take(), and of no index any more
    void give_back(GateReceiver receiver);
    /// Its number, by which the map `receivers` names it.
    [[nodiscard]] std::uint32_t number_of(GateReceiver receiver) const {
        return static_cast<std::uint32_t>(receiver.slot() - slots_);
    }

  private:
    ReceiverSlots(tg_receiver* slots, int map, TunnelSeat& seat)
        : slots_{slots}, map_{map}, seat_{&seat} {}
    [[nodiscard]] bool map_slots(std::uint32_t first);

    tg_receiver* slots_;  ///< TG_RECEIVERS_MAX
    int map_;
    TunnelSeat* seat_;
    std::mutex mutex_;
    std::vector<std::uint32_t> free_;
};

}  // namespace tollgate::agent
