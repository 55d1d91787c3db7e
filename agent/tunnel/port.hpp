// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <tollgate/result.hpp>

#include "agent/tunnel/host_packet.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// The plaintext side of a tunnel: where the host's own packets enter and leave.
class Port {
  public:
    virtual ~Port() = default;

    /// Polls readable when the host has sent something.
    [[nodiscard]] virtual int descriptor() const = 0;
    /// The next packet of the host, which may stand for many (TSO, USO). Never blocks. Valid until
    /// the next call. Nothing: none is waiting.
    [[nodiscard]] virtual std::optional<HostPacket> receive() = 0;
    /// Hands packets to the host, in order; those of one flow are joined on the way. Whole IP
    /// packets without padding.
    virtual void send(std::span<const crypto::MutableBytes> packets) = 0;
    /// Whether the host sees a carrier: without one its packets go nowhere, least of all elsewhere.
    virtual void set_carrier(bool /*is_on*/) {}
    /// Whether the host keeps its side when this object goes, without a carrier: its packets then
    /// go nowhere, instead of elsewhere. Off at first.
    [[nodiscard]] virtual Result<void> set_persistent(bool /*is_on*/) { return {}; }
    /// Largest packet of the host, bytes.
    [[nodiscard]] virtual std::size_t mtu() const = 0;
};

}  // namespace tollgate::agent
