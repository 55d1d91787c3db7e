// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// Lowers the maximum segment size that a TCP SYN or SYN-ACK asks for (RFC 9293, 3.7.1) to what a
/// packet of `mtu` bytes has room for, so that hosts behind the tunnel which do not hear of its MTU
/// send segments that fit. The checksum follows without being computed anew (RFC 1624). Everything
/// else stays as it is: other packets, later fragments, an option that is small enough or missing,
/// TCP behind IPv6 extension headers.
/// @param packet  an IP packet with a good TCP checksum
void clamp_mss(crypto::MutableBytes packet, std::size_t mtu);

}  // namespace tollgate::agent
