// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tollgate/ip.hpp>

namespace tollgate::agent {

/// The first packet of a flow that somebody asks about.
struct SyntheticPacket {
    IpAddress source;
    IpAddress destination;
    MacAddress source_mac;
    MacAddress destination_mac;
    std::uint8_t protocol = 0;           ///< IPPROTO_*
    std::uint16_t source_port = 49152;   ///< TCP, UDP
    std::uint16_t destination_port = 0;  ///< TCP, UDP
    std::uint8_t icmp_type = 0;          ///< ICMP, ICMPv6
    std::uint8_t tcp_flags = 2;          ///< SYN
};

/// An Ethernet frame without payload, with right lengths and checksums (RFC 791, 8200, 9293, 768,
/// 792, 4443). @pre source and destination are of one family
[[nodiscard]] std::vector<std::byte> build_frame(const SyntheticPacket& packet);
/// The same without the Ethernet header: what a tunnel carries.
[[nodiscard]] std::vector<std::byte> build_packet(const SyntheticPacket& packet);

}  // namespace tollgate::agent
