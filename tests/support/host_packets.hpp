// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "agent/tunnel/host_packet.hpp"
#include "agent/tunnel/virtio_header.hpp"
#include "crypto/bytes.hpp"

/// IP packets for tests of the tunnel's data path, and a second opinion on their checksums.
namespace tollgate::test {

using Packet = std::vector<std::byte>;

/// The Internet checksum word by word, as RFC 1071 puts it first; shares nothing with the agent's.
inline std::uint16_t plain_sum(crypto::Bytes bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto value = std::to_integer<std::uint32_t>(bytes[i]);
        sum += i % 2 == 0 ? value * 256 : value;
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(sum);
}

inline void put16(Packet& packet, std::size_t at, std::size_t value) {
    packet.at(at) = static_cast<std::byte>(value >> 8U);
    packet.at(at + 1) = static_cast<std::byte>(value);
}
inline void put32(Packet& packet, std::size_t at, std::uint32_t value) {
    put16(packet, at, value >> 16U);
    put16(packet, at + 2, value & 0xffffU);
}
inline std::uint16_t get16(crypto::Bytes packet, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(packet[at]) << 8U |
                                      std::to_integer<unsigned>(packet[at + 1]));
}
inline std::uint32_t get32(crypto::Bytes packet, std::size_t at) {
    return std::uint32_t{get16(packet, at)} << 16U | get16(packet, at + 2);
}

/// A TCP segment or UDP datagram between documentation addresses. Its fields are for the test to
/// change before build().
struct Flow {
    bool is_ipv6 = false;
    bool is_tcp = true;
    std::uint16_t source_port = 40'000;
    std::uint32_t sequence = 0xffff'f000;  // wraps soon
    std::uint32_t acknowledged = 7;
    std::uint8_t flags = 0x10;  // ACK
    std::uint16_t window = 500;
    std::uint16_t id = 0xfffe;  // wraps soon
    bool may_fragment = false;
    std::uint8_t traffic_class = 0;
    std::size_t options = 12;  // bytes of TCP options

    [[nodiscard]] std::size_t ip_size() const { return is_ipv6 ? 40 : 20; }
    [[nodiscard]] std::size_t headers() const {
        return ip_size() + (is_tcp ? 20 + options : std::size_t{8});
    }
    [[nodiscard]] std::size_t checksum_at() const { return ip_size() + (is_tcp ? 16U : 6U); }

    /// A whole packet with right checksums and a payload that tells positions apart.
    [[nodiscard]] Packet build(std::size_t payload) const;

  private:
    void write_ip(Packet& packet) const;
};

/// Sum over pseudo-header and transport: 0xffff if the checksum in it is right.
inline std::uint16_t transport_sum(crypto::Bytes packet, std::size_t ip_size) {
    const bool is_ipv6 = ip_size != 20;
    const crypto::Bytes transport = packet.subspan(ip_size);
    const auto protocol = std::to_integer<std::uint32_t>(packet[is_ipv6 ? 6 : 9]);
    const std::uint32_t fields = protocol + static_cast<std::uint32_t>(transport.size());
    const std::uint16_t addresses = plain_sum(packet.subspan(is_ipv6 ? 8 : 12, is_ipv6 ? 32 : 8));
    return plain_sum(transport, addresses + fields);
}

/// Whether both checksums and both lengths of a packet without extension headers are right.
inline bool is_sound(crypto::Bytes packet) {
    const bool is_ipv6 = (packet[0] >> 4) == std::byte{6};
    const std::size_t ip_size = is_ipv6 ? 40 : 20;
    const std::size_t length = is_ipv6 ? get16(packet, 4) + std::size_t{40} : get16(packet, 2);
    const bool is_udp = packet[is_ipv6 ? 6 : 9] == std::byte{17};
    return length == packet.size() && (is_ipv6 || plain_sum(packet.first(ip_size)) == 0xffff) &&
           (!is_udp || get16(packet, ip_size + 4) == packet.size() - ip_size) &&
           transport_sum(packet, ip_size) == 0xffff;
}

inline void Flow::write_ip(Packet& packet) const {
    for (std::size_t i = 0; i < 4 || (is_ipv6 && i < 16); ++i) {
        const std::size_t at = is_ipv6 ? 8 : 12;
        packet.at(at + i) = static_cast<std::byte>(0x20 + i);
        packet.at(at + (is_ipv6 ? 16 : 4) + i) = static_cast<std::byte>(0x40 + i);
    }
    const std::uint8_t protocol = is_tcp ? 6 : 17;
    if (is_ipv6) {
        put16(packet, 0, 0x6000U | unsigned{traffic_class} << 4U);
        put16(packet, 4, packet.size() - 40);
        packet[6] = std::byte{protocol};
        packet[7] = std::byte{64};
        return;
    }
    put16(packet, 0, 0x4500U | traffic_class);
    put16(packet, 2, packet.size());
    put16(packet, 4, id);
    put16(packet, 6, may_fragment ? 0 : 0x4000);
    packet[8] = std::byte{64};
    packet[9] = std::byte{protocol};
    put16(packet, 10, static_cast<std::uint16_t>(~plain_sum({packet.data(), 20})));
}

inline Packet Flow::build(std::size_t payload) const {
    Packet packet(headers() + payload);
    const std::size_t at = ip_size();
    put16(packet, at, source_port);
    put16(packet, at + 2, 443);
    if (is_tcp) {
        put32(packet, at + 4, sequence);
        put32(packet, at + 8, acknowledged);
        packet[at + 12] = static_cast<std::byte>((20 + options) / 4 << 4U);
        packet[at + 13] = std::byte{flags};
        put16(packet, at + 14, window);
    } else {
        put16(packet, at + 4, packet.size() - at);
    }
    for (std::size_t i = 0; i < payload; ++i) {
        packet[headers() + i] = static_cast<std::byte>((sequence + i) * 7 + (i >> 8U));
    }
    write_ip(packet);
    const std::uint16_t sum = transport_sum(packet, at);
    put16(packet, checksum_at(), sum == 0xffff ? 0xffffU : static_cast<std::uint16_t>(~sum));
    return packet;
}

/// What a TUN device gives: the header, then the packet.
inline Packet with_header(const agent::VirtioHeader& header, const Packet& packet) {
    Packet bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
}

/// The header with which the kernel gives a packet that stands for many of `segment` bytes.
inline agent::VirtioHeader segmented(const Flow& flow, std::size_t segment) {
    using agent::VirtioHeader;
    const std::uint8_t tcp = flow.is_ipv6 ? VirtioHeader::kTcp6 : VirtioHeader::kTcp4;
    return {.flags = VirtioHeader::kNeedsChecksum,
            .gso_type = flow.is_tcp ? tcp : VirtioHeader::kUdp,
            .header_size = 0,
            .segment_size = static_cast<std::uint16_t>(segment),
            .checksum_start = static_cast<std::uint16_t>(flow.ip_size()),
            .checksum_offset = static_cast<std::uint16_t>(flow.is_tcp ? 16 : 6)};
}

/// One flow of each kind that is segmented.
inline std::vector<Flow> all_flows() {
    std::vector<Flow> flows;
    for (const bool is_ipv6 : {false, true}) {
        for (const bool is_tcp : {false, true}) {
            flows.push_back({.is_ipv6 = is_ipv6, .is_tcp = is_tcp});
        }
    }
    return flows;
}

/// What a host makes of bytes that it is given. @param bytes  with their VirtioHeader
inline std::vector<Packet> segments_of(const Packet& bytes) {
    const auto host = agent::HostPacket::read(bytes);
    std::vector<Packet> segments;
    for (std::size_t i = 0; host && i < host->count(); ++i) {
        segments.emplace_back(host->size(i));
        host->write(i, segments.back());
    }
    return segments;
}

}  // namespace tollgate::test
