// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tollgate/ip.hpp>

#include "agent/tunnel/checksum.hpp"
#include "agent/tunnel/endpoint.hpp"
#include "crypto/bytes.hpp"

/// Ethernet, IP and UDP around a datagram, for links that work with whole frames.
namespace tollgate::agent {

/// How frames get to a place.
struct Way {
    MacAddress from;
    MacAddress to;
    IpAddress source;
};

/// The headers of datagrams to one place; only lengths, identification and checksums differ from
/// one to the next. IPv4 may be fragmented on its way, as what the kernel's sockets send for us.
class OuterHeader {
  public:
    static constexpr std::size_t kMaxSize = 62;  ///< Ethernet 14, IPv6 40, UDP 8

    OuterHeader() = default;
    /// @param port  ours, host order @param traffic_class  DSCP and ECN
    OuterHeader(const Way& way, const Endpoint& to, std::uint16_t port, std::uint8_t traffic_class);

    /// Bytes before the datagram.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Writes the headers. UDP has a checksum over IPv6 only: over IPv4 it may be left out (RFC
    /// 768), and what is inside is authenticated.
    /// @param frame  room for the headers, then the datagram
    /// @param id  IPv4 identification, different from that of datagrams under way (RFC 6864)
    void write(crypto::MutableBytes frame, std::uint16_t id) const;

  private:
    std::array<std::byte, kMaxSize> bytes_{};
    std::size_t size_ = 0;
    bool is_ipv4_ = false;
    InternetSum sum_;  ///< IPv4: of the IP header; IPv6: of the pseudo-header; without lengths
};

/// A datagram of a frame that was received.
struct OuterDatagram {
    crypto::MutableBytes bytes;
    Endpoint from;           ///< with the address it was sent to, without interfaces
    std::uint16_t port = 0;  ///< that it was sent to, host order
    std::uint8_t ecn = 0;
};
/// Reads what the gate hands over. Checksums are not looked at: the gate has checked that of IPv4,
/// and what is inside is authenticated.
/// @return nothing unless it is a whole UDP datagram without VLAN tag, IP options and fragments
[[nodiscard]] std::optional<OuterDatagram> read_outer(crypto::MutableBytes frame);

}  // namespace tollgate::agent
