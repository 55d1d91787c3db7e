// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/tunnel/endpoint.hpp"

namespace tollgate::agent {

/// An endpoint as the sockets interface takes it.
class SocketAddress {
  public:
    void set_any(int family, std::uint16_t port);
    void set(const Endpoint& endpoint);

    [[nodiscard]] const sockaddr* get() const;
    [[nodiscard]] void* bytes() { return &storage_; }
    [[nodiscard]] socklen_t size() const;

  private:
    union Storage {
        sockaddr_in6 ipv6{};
        sockaddr_in ipv4;
    };
    Storage storage_;
};

/// Room for the control messages of one datagram, either way.
struct ControlBytes {
    alignas(cmsghdr) std::array<std::byte, 192> bytes{};
};

/// What a datagram goes with besides its bytes.
struct DatagramOptions {
    bool has_source = false;         ///< leaves from Endpoint::local
    std::size_t segment = 0;         ///< bytes of each datagram to be cut from it; 0: it is one
    std::uint8_t traffic_class = 0;  ///< DSCP and ECN
};
/// Writes the control messages for a datagram to `to`. The source is an address, not an interface:
/// the route to the peer may change without it.
/// @return their bytes
[[nodiscard]] std::size_t write_control(ControlBytes& control,
                                        const Endpoint& to,
                                        const DatagramOptions& options);

/// What came with a datagram.
struct DatagramOrigin {
    Endpoint from;
    std::size_t segment = 0;         ///< UDP_GRO: it stands for many of this size; 0: it is one
    std::uint8_t traffic_class = 0;  ///< DSCP and ECN
    std::uint32_t overflowed = 0;    ///< SO_RXQ_OVFL: datagrams lost so far for want of room
};
/// @param message  from recvmsg(2), its name a sockaddr_in or sockaddr_in6
/// @return its port is 0 if the kernel did not say where it comes from
[[nodiscard]] DatagramOrigin read_origin(const msghdr& message);

}  // namespace tollgate::agent
