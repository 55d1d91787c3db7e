// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "agent/datapath/interface_board.hpp"
#include "agent/datapath/tunnel_map_set.hpp"
#include "agent/datapath/tunnel_seat.hpp"

namespace tollgate::agent {

/// What a tunnel needs of the gate, in whichever process it runs.
struct TunnelPlace {
    TunnelMapSet maps;  ///< open as long as `keep`
    std::unique_ptr<TunnelSeat> seat;
    std::uint8_t zone = 0;  ///< of the tunnel's interface
    std::shared_ptr<const InterfaceBoard> interfaces;
    std::shared_ptr<const void> keep;
};

}  // namespace tollgate::agent
