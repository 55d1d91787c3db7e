// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace tollgate::agent {

/// struct virtio_net_hdr, what a TUN device with IFF_VNET_HDR puts before each packet, both ways
/// (virtio 1.2, 5.1.6); in the machine's byte order. <linux/virtio_net.h> is not C++.
struct VirtioHeader {
    static constexpr std::uint8_t kNeedsChecksum = 1;  ///< of flags: finish it, from checksum_start

    static constexpr std::uint8_t kWhole = 0;  ///< of gso_type: stands for itself
    static constexpr std::uint8_t kTcp4 = 1;
    static constexpr std::uint8_t kTcp6 = 4;
    static constexpr std::uint8_t kUdp = 5;           ///< Linux 6.2
    static constexpr std::uint8_t kTcpHasCwr = 0x80;  ///< added to another type

    std::uint8_t flags = 0;
    std::uint8_t gso_type = kWhole;
    std::uint16_t header_size = 0;      ///< a hint
    std::uint16_t segment_size = 0;     ///< payload bytes of all segments but the last
    std::uint16_t checksum_start = 0;   ///< where what the checksum covers begins
    std::uint16_t checksum_offset = 0;  ///< of its field, from there
};
static_assert(sizeof(VirtioHeader) == 10);

}  // namespace tollgate::agent
