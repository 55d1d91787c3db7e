// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/tunnel/checksum.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// The IP header at the start of a packet, as far as the data path needs it.
struct IpHeader {
    bool is_ipv6 = false;
    std::uint8_t protocol = 0;  ///< of what follows the header; IPv6: possibly an extension header
    std::size_t size = 0;       ///< bytes, IPv4 options included
    std::size_t packet_size = 0;  ///< bytes that the packet says it has, header included

    /// @return nothing unless it is IPv4 or IPv6 and the whole packet is there
    [[nodiscard]] static std::optional<IpHeader> read(crypto::Bytes packet);

    /// Sum of both addresses, the part of the pseudo-header that all packets of a flow share.
    [[nodiscard]] InternetSum address_sum(const std::byte* packet) const;
    /// Makes the packet say that it has `size` bytes, with the IPv4 checksum for that.
    void write_length(std::byte* packet, std::size_t new_size) const;
};

}  // namespace tollgate::agent
