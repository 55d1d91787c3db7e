// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// What a UDP socket asks for, each way: what wireguard-go found to be enough at 10 Gb/s.
inline constexpr std::uint32_t kSocketBufferBytes = std::uint32_t{7} << 20U;

/// Whether a socket wants its port alone, or shares it with others that do so (SO_REUSEPORT).
enum class PortUse : std::uint8_t { alone, shared };

/// A non-blocking UDP socket on all addresses of one family, as the tunnel needs it: buffers of
/// 7 MB, UDP_GRO where the kernel has it, destination address and traffic class of each datagram.
///
/// IPv4 leaves without DF and whatever ICMP says of the path (IP_PMTUDISC_OMIT), so that a forged
/// message cannot shrink it; IPv6 is fragmented to the path's MTU, never below 1280 bytes.
/// @param family  AF_INET or AF_INET6 (then IPV6_V6ONLY)
/// @param port    host order; 0: any
/// @return EAFNOSUPPORT: a host without the family; EADDRINUSE; else as socket(2), bind(2)
[[nodiscard]] Result<FileDescriptor> open_udp_socket(int family,
                                                     std::uint16_t port,
                                                     PortUse use = PortUse::alone);

/// Lets sockets that share their port join this one, from now on.
[[nodiscard]] Result<void> share_port(const FileDescriptor& socket);

/// The port that a socket is bound to, host order.
[[nodiscard]] std::uint16_t bound_port(const FileDescriptor& socket);

}  // namespace tollgate::agent
