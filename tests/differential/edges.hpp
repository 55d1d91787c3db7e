// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "policy/reference_packet.hpp"

/// What rules are drawn from, so that packets can be drawn around their edges, and how a packet
/// that has come through tells its number.
namespace tollgate::test {

constexpr std::array<std::uint16_t, 12>
    kEdgePorts{1, 22, 23, 79, 80, 81, 443, 1023, 1024, 32768, 65534, 65535};
constexpr std::array<const char*, 8> kEdgePrefixes{"192.0.2.0/24",
                                                   "192.0.2.128/25",
                                                   "0.0.0.0/0",
                                                   "192.0.2.64/32",
                                                   "::/0",
                                                   "2001:db8::/32",
                                                   "2001:db8:1::/48",
                                                   "2001:db8:1::5"};

inline std::uint32_t be32_at(std::span<const std::byte> bytes, std::size_t at) {
    return std::uint32_t{policy::be16_at(bytes, at)} << 16U | policy::be16_at(bytes, at + 2);
}

}  // namespace tollgate::test
