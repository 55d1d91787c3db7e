// SPDX-License-Identifier: MIT
#include "agent/core/synthetic_frame.hpp"

#include <algorithm>
#include <span>

#include <net/ethernet.h>
#include <netinet/in.h>

namespace tollgate::agent {

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kIpv4Offset = 12;  // of the IPv4 address in a mapped one
constexpr unsigned kHopLimit = 64;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kEchoHeader = 8;
constexpr unsigned kWindow = 64240;

void append8(Bytes& to, unsigned value) {
    to.push_back(static_cast<std::byte>(value));
}

void append16(Bytes& to, unsigned value) {
    append8(to, value >> 8U);
    append8(to, value & 0xffU);
}

void append(Bytes& to, std::span<const std::uint8_t> bytes) {
    std::transform(bytes.begin(), bytes.end(), std::back_inserter(to), [](std::uint8_t byte) {
        return std::byte{byte};
    });
}

void put16(Bytes& to, std::size_t offset, unsigned value) {
    to.at(offset) = static_cast<std::byte>(value >> 8U);
    to.at(offset + 1) = static_cast<std::byte>(value & 0xffU);
}

// The Internet checksum (RFC 1071).
std::uint16_t checksum(std::span<const std::byte> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
        sum += i % 2 == 0 ? byte << 8U : byte;
    }
    while (sum >> 16U != 0) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::span<const std::uint8_t> on_the_wire(const IpAddress& address) {
    const std::span<const std::uint8_t> bytes{address.bytes};
    return address.is_ipv4() ? bytes.subspan(kIpv4Offset) : bytes;
}

Bytes tcp_header(const SyntheticPacket& packet) {
    Bytes header;
    append16(header, packet.source_port);
    append16(header, packet.destination_port);
    header.resize(header.size() + 8);  // sequence and acknowledgement
    append8(header, kTcpHeader / 4 << 4U);
    append8(header, packet.tcp_flags);
    append16(header, kWindow);
    header.resize(kTcpHeader);
    return header;
}

Bytes udp_header(const SyntheticPacket& packet) {
    constexpr unsigned kUdpHeader = 8;
    Bytes header;
    append16(header, packet.source_port);
    append16(header, packet.destination_port);
    append16(header, kUdpHeader);
    append16(header, 0);
    return header;
}

// @return the transport header, and where in it the checksum belongs
std::pair<Bytes, std::size_t> transport_header(const SyntheticPacket& packet) {
    switch (packet.protocol) {
        case IPPROTO_TCP:
            return {tcp_header(packet), 16};
        case IPPROTO_UDP:
            return {udp_header(packet), 6};
        default: {
            Bytes header(kEchoHeader);
            header.front() = std::byte{packet.icmp_type};
            return {header, 2};
        }
    }
}

Bytes transport(const SyntheticPacket& packet) {
    auto [header, checksum_at] = transport_header(packet);
    const bool known = packet.protocol == IPPROTO_TCP || packet.protocol == IPPROTO_UDP ||
                       packet.protocol == IPPROTO_ICMP || packet.protocol == IPPROTO_ICMPV6;
    if (!known) {
        return Bytes(kEchoHeader);
    }
    Bytes summed;
    if (packet.protocol != IPPROTO_ICMP) {  // the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1)
        append(summed, on_the_wire(packet.source));
        append(summed, on_the_wire(packet.destination));
        append16(summed, packet.protocol);
        append16(summed, static_cast<unsigned>(header.size()));
    }
    summed.insert(summed.end(), header.begin(), header.end());
    put16(header, checksum_at, checksum(summed));
    return header;
}

Bytes ip_header(const SyntheticPacket& packet, std::size_t payload) {
    Bytes header;
    if (packet.source.is_ipv4()) {
        constexpr unsigned kIpv4Header = 20;
        constexpr std::size_t kChecksumAt = 10;
        append16(header, 0x4500);
        append16(header, kIpv4Header + static_cast<unsigned>(payload));
        append16(header, 0);
        append16(header, 0x4000);  // don't fragment
        append8(header, kHopLimit);
        append8(header, packet.protocol);
        append16(header, 0);
        append(header, on_the_wire(packet.source));
        append(header, on_the_wire(packet.destination));
        put16(header, kChecksumAt, checksum(header));
        return header;
    }
    append16(header, 0x6000);
    append16(header, 0);
    append16(header, static_cast<unsigned>(payload));
    append8(header, packet.protocol);
    append8(header, kHopLimit);
    append(header, on_the_wire(packet.source));
    append(header, on_the_wire(packet.destination));
    return header;
}

}  // namespace

std::vector<std::byte> build_frame(const SyntheticPacket& packet) {
    Bytes frame;
    append(frame, packet.destination_mac.bytes);
    append(frame, packet.source_mac.bytes);
    append16(frame, packet.source.is_ipv4() ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    const Bytes inside = build_packet(packet);
    frame.insert(frame.end(), inside.begin(), inside.end());
    return frame;
}

std::vector<std::byte> build_packet(const SyntheticPacket& packet) {
    const Bytes payload = transport(packet);
    Bytes whole = ip_header(packet, payload.size());
    whole.insert(whole.end(), payload.begin(), payload.end());
    return whole;
}

}  // namespace tollgate::agent
