// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// UDP sockets as open_udp_socket() makes them, `count` of them on one port. The kernel reads from
/// each datagram which socket is given it (SO_REUSEPORT, SO_ATTACH_REUSEPORT_CBPF): that of
/// worker_of() the receiver index; what has none, an initiation above all, goes to the first.
///
/// With UDP_GRO the first datagram decides for all that are joined to it, so a sender can make one
/// reach another socket.
/// @param count  1 to kWorkersMax; 1: a plain socket
/// @return as open_udp_socket(): EADDRINUSE, too, if another group has the port
[[nodiscard]] Result<std::vector<FileDescriptor>> open_udp_group(int family,
                                                                 std::uint16_t port,
                                                                 std::size_t count);

}  // namespace tollgate::agent
