// SPDX-License-Identifier: MIT
#include "agent/tunnel/ecn.hpp"

#include <cstddef>

namespace tollgate::agent {

namespace {

constexpr std::uint8_t kEcnMask = 3;
constexpr std::uint8_t kNotEct = 0;
constexpr std::uint8_t kEct0 = 2;
constexpr std::uint8_t kCongestionExperienced = 3;

void mark_ipv4(std::uint8_t ecn, crypto::MutableBytes inner) {
    // RFC 1624, equation 3: the checksum of a word that grows by `added`.
    const std::uint32_t added = kCongestionExperienced - ecn;
    const std::uint32_t old =
        std::to_integer<std::uint32_t>(inner[10]) << 8U | std::to_integer<std::uint32_t>(inner[11]);
    std::uint32_t sum = (~old & 0xffffU) + added;
    sum = (sum & 0xffffU) + (sum >> 16U);
    const std::uint32_t checksum = ~sum & 0xffffU;
    inner[10] = static_cast<std::byte>(checksum >> 8U);
    inner[11] = static_cast<std::byte>(checksum & 0xffU);
    inner[1] |= std::byte{kCongestionExperienced};
}

}  // namespace

std::uint8_t outer_traffic_class(std::uint8_t inner) {
    const auto ecn = static_cast<std::uint8_t>(inner & kEcnMask);
    return ecn == kCongestionExperienced ? kEct0 : ecn;
}

void pass_on_congestion(std::uint8_t outer_ecn, crypto::MutableBytes inner) {
    if (outer_ecn != kCongestionExperienced) {
        return;
    }
    const bool is_ipv4 = (inner[0] >> 4U) == std::byte{4};
    // IPv6: the traffic class is the low half of byte 0 and the high half of byte 1.
    const std::byte field = is_ipv4 ? inner[1] : inner[1] >> 4U;
    const auto ecn = std::to_integer<std::uint8_t>(field & std::byte{kEcnMask});
    if (ecn == kNotEct || ecn == kCongestionExperienced) {
        return;
    }
    if (is_ipv4) {
        mark_ipv4(ecn, inner);
    } else {
        inner[1] |= std::byte{kCongestionExperienced} << 4U;
    }
}

}  // namespace tollgate::agent
