// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <tollgate/abi/packet.h>
#include <tollgate/ip.hpp>

#include "policy/model.hpp"

/// What the parts of the reference model know about one packet.
namespace tollgate::policy {

/// CLOCK_BOOTTIME.
using BootTime = std::chrono::nanoseconds;

/// A parsed frame on its way through the gate. Refers to the frame; lives as long as one call.
struct PacketView {
    std::span<const std::byte> frame;
    tg_packet packet{};
    Direction direction = Direction::ingress;
    BootTime now{0};

    [[nodiscard]] bool has(tg_packet_flag flag) const { return (packet.flags & flag) != 0; }
    [[nodiscard]] bool ingress() const { return direction == Direction::ingress; }
    [[nodiscard]] bool fragment() const {
        return has(TG_PACKET_FRAGMENT_FIRST) || has(TG_PACKET_FRAGMENT_LATER);
    }
    [[nodiscard]] std::uint8_t protocol() const { return packet.key.protocol; }
    [[nodiscard]] IpAddress remote() const;
    [[nodiscard]] IpAddress local() const;
    [[nodiscard]] IpAddress source() const { return ingress() ? remote() : local(); }
    [[nodiscard]] IpAddress destination() const { return ingress() ? local() : remote(); }
    [[nodiscard]] MacAddress remote_mac() const;

    /// From the transport header to the end that the IP header gives.
    [[nodiscard]] std::span<const std::byte> transport() const;
    /// From the network header to the end of the frame.
    [[nodiscard]] std::span<const std::byte> network() const;

    [[nodiscard]] bool icmp() const;
    /// Echo request or reply of ICMP and ICMPv6: the only ICMP with an identifier in its key.
    [[nodiscard]] bool echo() const { return echo_request() || echo_reply(); }
    [[nodiscard]] bool echo_request() const;
    [[nodiscard]] bool echo_reply() const;

    [[nodiscard]] bool tcp() const;
    [[nodiscard]] bool syn() const { return tcp_bits() == kSyn; }
    [[nodiscard]] bool syn_ack() const { return tcp_bits() == (kSyn | kAck); }
    [[nodiscard]] bool rst() const { return (tcp_bits() & kRst) != 0; }
    [[nodiscard]] bool fin() const { return (tcp_bits() & kFin) != 0; }
    [[nodiscard]] bool ack() const { return (tcp_bits() & kAck) != 0; }

  private:
    static constexpr unsigned kFin = 1;
    static constexpr unsigned kSyn = 2;
    static constexpr unsigned kRst = 4;
    static constexpr unsigned kAck = 16;

    [[nodiscard]] unsigned tcp_bits() const {
        return tcp() ? packet.tcp_flags & (kFin | kSyn | kRst | kAck) : 0U;
    }
};

/// Names the packet that a fragment is a part of.
[[nodiscard]] tg_fragment_key fragment_key(const PacketView& view);

/// Byte `offset` of `bytes`, which must be there.
[[nodiscard]] inline std::uint8_t byte_at(std::span<const std::byte> bytes, std::size_t offset) {
    return std::to_integer<std::uint8_t>(bytes[offset]);
}

/// A number in network order; both bytes must be there.
[[nodiscard]] inline std::uint16_t be16_at(std::span<const std::byte> bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(byte_at(bytes, offset) << 8U | byte_at(bytes, offset + 1));
}

/// Orders keys by their bytes: they have no padding.
struct KeyLess {
    template <typename Key>
    bool operator()(const Key& a, const Key& b) const {
        return std::memcmp(&a, &b, sizeof(Key)) < 0;
    }
};

}  // namespace tollgate::policy
