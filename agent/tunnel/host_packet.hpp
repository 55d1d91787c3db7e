// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <tollgate/ip.hpp>

#include "agent/tunnel/ip_header.hpp"
#include "crypto/bytes.hpp"

namespace tollgate::agent {

/// An IP packet from the host, or one that stands for many which differ in sequence number, length
/// and checksums only (VirtioHeader: TSO, USO, unfinished checksum). Segments are written
/// straight to where they will be encrypted: one copy.
///
/// Believes only what the packet itself says as well: header_size, checksum_start and
/// checksum_offset of a packet to be segmented are ignored, because forwarded ones lie about them.
class HostPacket {
  public:
    /// @param bytes  a VirtioHeader and the packet; must outlive the object
    /// @return nothing if the packet contradicts its header, or is no IP packet; also for UFO,
    /// fragments to be segmented, and IPv6 routing headers before a segment (their checksum covers
    /// an address that is not in the IP header)
    [[nodiscard]] static std::optional<HostPacket> read(crypto::Bytes bytes);

    [[nodiscard]] IpAddress source() const;
    [[nodiscard]] IpAddress destination() const;
    /// Ports in host order; zeros unless it is UDP and the beginning of it.
    struct UdpPorts {
        std::uint16_t source = 0;
        std::uint16_t destination = 0;
    };
    [[nodiscard]] UdpPorts udp_ports() const;
    /// DSCP and ECN of the inner header.
    [[nodiscard]] std::uint8_t traffic_class() const;

    /// How many packets it stands for; at least 1.
    [[nodiscard]] std::size_t count() const { return count_; }
    /// Bytes of packet `index`; only the last is shorter than the others.
    [[nodiscard]] std::size_t size(std::size_t index) const;
    /// Writes packet `index` with its own lengths, IPv4 identification, sequence number, flags and
    /// checksums.
    /// @param out  size(index) bytes
    void write(std::size_t index, crypto::MutableBytes out) const;

  private:
    enum class Kind : std::uint8_t { whole, checksum_missing, tcp, udp };

    HostPacket(crypto::Bytes packet, const IpHeader& ip) : packet_{packet}, ip_{ip} {}
    /// @return false if the packet contradicts it
    [[nodiscard]] bool expect_checksum(std::size_t start, std::size_t offset);
    [[nodiscard]] bool expect_segments(std::uint8_t gso_type, std::size_t segment);
    void finish_tcp(std::size_t index, std::byte* transport) const;
    void finish_checksum(std::byte* transport, std::size_t size) const;

    crypto::Bytes packet_;
    IpHeader ip_;
    Kind kind_ = Kind::whole;
    std::uint8_t protocol_ = 0;        ///< of the segments
    std::size_t transport_ = 0;        ///< offset of what the checksum covers
    std::size_t checksum_offset_ = 0;  ///< of its field, from there
    std::size_t headers_ = 0;          ///< bytes that every segment begins with
    std::size_t segment_ = 0;          ///< payload bytes of all but the last
    std::size_t count_ = 1;
    InternetSum addresses_;
};

}  // namespace tollgate::agent
