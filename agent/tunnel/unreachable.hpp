// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "agent/tunnel/host_packet.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Tells the sender of a packet that no peer can be given it, so that it need not wait for its
/// timeout: ICMP host unreachable (RFC 792), ICMPv6 address unreachable (RFC 4443, 3.1).
class Unreachable {
  public:
    /// As many messages at once, and then one per interval: what Linux allows itself.
    static constexpr std::size_t kBurst = 50;
    static constexpr std::chrono::milliseconds kInterval{1};

    Unreachable();

    /// The IP packet that tells it, to be handed to the host; valid until the next call. It comes
    /// from the destination, because a host takes no packet from the tunnel with an address of its
    /// own. Empty: this packet must not be answered (RFC 1122, 3.2.2; RFC 4443, 2.4), or too many
    /// were.
    [[nodiscard]] crypto::MutableBytes answer(const HostPacket& packet, crypto::Instant now);

  private:
    [[nodiscard]] bool is_allowed(crypto::Instant now);

    std::array<std::byte, 1280> message_{};
    std::vector<std::byte> quoted_;
    /// When all of the burst is there again.
    crypto::Instant full_{0};
};

}  // namespace tollgate::agent
