// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <netinet/in.h>

namespace tollgate::bench {

/// 64 bytes on the wire, with the checksum that a NIC adds.
using Frame = std::array<std::uint8_t, 60>;

/// Both ends of a UDP datagram, in host order.
struct Ends {
    in_addr_t source = 0;
    in_addr_t destination = 0;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
};

/// Ethernet (MAC addresses of the lab), IPv4 with a right checksum, UDP without one.
Frame udp_frame(const Ends& ends);
/// The same with a payload.
std::vector<std::uint8_t> udp_frame(const Ends& ends, std::span<const std::byte> payload);

}  // namespace tollgate::bench
