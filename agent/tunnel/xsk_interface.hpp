// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/xsk_socket.hpp"

namespace tollgate::agent {

/// An Ethernet interface with an AF_XDP socket on each of its receive queues.
struct XskInterface {
    GateInterface interface;
    MacAddress mac;
    std::uint32_t mtu = 0;  ///< bytes of an IP packet
    bool is_zero_copy = false;
    std::vector<std::unique_ptr<XskSocket>> sockets;  ///< by queue; not empty

    /// With zero-copy if the driver has it, and has the gate hand messages over.
    /// @param may_copy  do without zero-copy
    /// @return ENODEV: no XDP program is attached there; EMSGSIZE: its frames are too long;
    /// EPROTONOSUPPORT: it is not Ethernet; EOPNOTSUPP: no zero-copy; else as XskSocket::open()
    [[nodiscard]] static Result<XskInterface> open(const GateInterface& interface,
                                                   TunnelGate& gate,
                                                   bool may_copy);
    /// Reads address and MTU again. @return as open(): it cannot be used any more
    [[nodiscard]] Result<void> look();
};

}  // namespace tollgate::agent
