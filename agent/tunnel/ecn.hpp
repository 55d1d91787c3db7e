// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// DSCP and ECN of the outer header for an inner one: no DSCP, which would tell strangers about the
/// traffic; ECN is passed on, CE as ECT(0) (RFC 6040, 4.1, as the Linux kernel does).
[[nodiscard]] std::uint8_t outer_traffic_class(std::uint8_t inner);

/// Marks a packet as having met congestion if the outer header says so and the packet takes part in
/// ECN (RFC 6040, 4.2), and corrects the checksum of an IPv4 header.
/// @pre an IPv4 or IPv6 packet with a whole header
void pass_on_congestion(std::uint8_t outer_ecn, crypto::MutableBytes inner);

}  // namespace tollgate::agent
