// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <netinet/in.h>

#include <tollgate/abi/flow.h>
#include <tollgate/ip.hpp>

/// Builds frames layer by layer, from the inside out. Numbers are in host order; lengths and
/// checksums are right unless a test writes over them.
namespace tollgate::test {

using Bytes = std::vector<std::byte>;

inline constexpr std::uint8_t kFin = 1;
inline constexpr std::uint8_t kSyn = 2;
inline constexpr std::uint8_t kRst = 4;
inline constexpr std::uint8_t kPsh = 8;
inline constexpr std::uint8_t kAck = 16;

inline void append8(Bytes& to, unsigned value) {
    to.push_back(static_cast<std::byte>(value));
}

inline void append16(Bytes& to, unsigned value) {
    append8(to, value >> 8U);
    append8(to, value & 0xffU);
}

inline void append32(Bytes& to, std::uint32_t value) {
    append16(to, value >> 16U);
    append16(to, value & 0xffffU);
}

inline void append(Bytes& to, const Bytes& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

inline void put8(Bytes& to, std::size_t offset, unsigned value) {
    to.at(offset) = static_cast<std::byte>(value);
}

inline void put16(Bytes& to, std::size_t offset, unsigned value) {
    put8(to, offset, value >> 8U);
    put8(to, offset + 1, value & 0xffU);
}

inline Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes result;
    for (const unsigned value : values) {
        append8(result, value);
    }
    return result;
}

inline Bytes text(std::string_view characters) {
    Bytes result;
    for (const char c : characters) {
        append8(result, static_cast<unsigned char>(c));
    }
    return result;
}

/// RFC 1071. @param sum what was added before
inline std::uint32_t ones_sum(std::span<const std::byte> of, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < of.size(); ++i) {
        const auto value = std::to_integer<std::uint32_t>(of[i]);
        sum += i % 2 == 0 ? value << 8U : value;
    }
    return sum;
}

inline std::uint16_t checksum(std::uint32_t sum) {
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

/// An address from its text. @pre the text is an address
inline IpAddress ip(std::string_view address) {
    return IpAddress::parse(address).value();
}

struct Ports {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
};

struct TcpFields {
    std::uint8_t flags = kSyn;
    std::uint32_t sequence = 1000;
    std::uint32_t acknowledgement = 0;
    Bytes options{};  ///< a multiple of 4 bytes
};

inline Bytes tcp(Ports ports, const TcpFields& fields = {}, const Bytes& payload = {}) {
    Bytes segment;
    append16(segment, ports.source);
    append16(segment, ports.destination);
    append32(segment, fields.sequence);
    append32(segment, fields.acknowledgement);
    append8(segment, static_cast<unsigned>((20 + fields.options.size()) / 4) << 4U);
    append8(segment, fields.flags);
    append16(segment, 0xffff);
    append32(segment, 0);
    append(segment, fields.options);
    append(segment, payload);
    return segment;
}

inline Bytes udp(Ports ports, const Bytes& payload = {}) {
    Bytes datagram;
    append16(datagram, ports.source);
    append16(datagram, ports.destination);
    append16(datagram, static_cast<unsigned>(8 + payload.size()));
    append16(datagram, 0);
    append(datagram, payload);
    return datagram;
}

inline Bytes icmp(unsigned type,
                  unsigned code = 0,
                  std::uint32_t rest = 0,
                  const Bytes& body = {}) {
    Bytes message;
    append8(message, type);
    append8(message, code);
    append16(message, 0);
    append32(message, rest);
    append(message, body);
    return message;
}

/// Echo request or reply; the identifier is the upper half of `rest`.
inline Bytes echo(unsigned type, std::uint16_t identifier) {
    return icmp(type, 0, std::uint32_t{identifier} << 16U | 1U);
}

struct IpFields {
    IpAddress source = ip("192.0.2.1");
    IpAddress destination = ip("198.51.100.7");
    std::uint8_t protocol = IPPROTO_TCP;  ///< IPv6: the next header
    std::uint8_t hop_limit = 64;
    Bytes options{};  ///< IPv4, a multiple of 4 bytes
    std::uint16_t identification = 0;
    std::uint16_t fragment = 0;  ///< IPv4: flags and offset in units of 8 bytes
    /// What the transport checksum is computed for, if `payload` is a whole transport packet.
    bool checksum = true;
};

/// Where the checksum of a transport header stands; 0: it has none that we fill in.
inline std::size_t checksum_offset(std::uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_TCP:
            return 16;
        case IPPROTO_UDP:
            return 6;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
        case IPPROTO_IGMP:
            return 2;
        default:
            return 0;
    }
}

inline void fill_checksum(Bytes& transport, const IpFields& fields) {
    const std::size_t offset = checksum_offset(fields.protocol);
    if (!fields.checksum || offset == 0 || transport.size() < offset + 2) {
        return;
    }
    std::uint32_t sum = 0;
    if (fields.protocol != IPPROTO_ICMP && fields.protocol != IPPROTO_IGMP) {
        const std::size_t skipped = fields.source.is_ipv4() ? 12 : 0;
        sum = ones_sum(std::as_bytes(std::span(fields.source.bytes).subspan(skipped)), sum);
        sum = ones_sum(std::as_bytes(std::span(fields.destination.bytes).subspan(skipped)), sum);
        sum += fields.protocol + static_cast<std::uint32_t>(transport.size());
    }
    put16(transport, offset, 0);
    const std::uint16_t value = checksum(ones_sum(transport, sum));
    put16(transport, offset, value == 0 ? 0xffffU : value);
}

/// Computes the checksum of the IPv4 header at `offset` anew.
inline void fill_ipv4_checksum(Bytes& packet, std::size_t offset = 0) {
    const std::size_t header = 4 * (std::to_integer<std::size_t>(packet.at(offset)) & 0xfU);
    put16(packet, offset + 10, 0);
    put16(packet, offset + 10, checksum(ones_sum(std::span(packet).subspan(offset, header))));
}

/// An IPv4 or IPv6 packet, by the family of the source.
inline Bytes ip_packet(const IpFields& fields, Bytes payload) {
    fill_checksum(payload, fields);
    Bytes packet;
    const auto source = std::as_bytes(std::span(fields.source.bytes));
    const auto destination = std::as_bytes(std::span(fields.destination.bytes));
    if (fields.source.is_ipv4()) {
        const std::size_t header = 20 + fields.options.size();
        append8(packet, 0x40U | static_cast<unsigned>(header / 4));
        append8(packet, 0);
        append16(packet, static_cast<unsigned>(header + payload.size()));
        append16(packet, fields.identification);
        append16(packet, fields.fragment);
        append8(packet, fields.hop_limit);
        append8(packet, fields.protocol);
        append16(packet, 0);
        packet.insert(packet.end(), source.begin() + 12, source.end());
        packet.insert(packet.end(), destination.begin() + 12, destination.end());
        append(packet, fields.options);
        fill_ipv4_checksum(packet);
    } else {
        append32(packet, 0x60000000U);
        append16(packet, static_cast<unsigned>(payload.size()));
        append8(packet, fields.protocol);
        append8(packet, fields.hop_limit);
        packet.insert(packet.end(), source.begin(), source.end());
        packet.insert(packet.end(), destination.begin(), destination.end());
    }
    append(packet, payload);
    return packet;
}

/// An IPv6 extension header of 8·n bytes that is padded with zeroes (for a fragment header: exactly
/// `body` behind the first two bytes).
inline Bytes extension(std::uint8_t next, const Bytes& body, const Bytes& inside) {
    Bytes header;
    append8(header, next);
    const std::size_t size = (2 + body.size() + 7) / 8 * 8;
    append8(header, static_cast<unsigned>(size / 8 - 1));
    append(header, body);
    header.resize(size);
    append(header, inside);
    return header;
}

/// An IPv6 fragment header. @param word offset in bytes, and 1 for more fragments
inline Bytes fragment6(std::uint8_t next, unsigned word, std::uint32_t id, const Bytes& inside) {
    Bytes header;
    append8(header, next);
    append8(header, 0);
    append16(header, word);
    append32(header, id);
    append(header, inside);
    return header;
}

struct EthernetFields {
    MacAddress source{{0x02, 0, 0, 0, 0, 1}};
    MacAddress destination{{0x02, 0, 0, 0, 0, 2}};
    std::vector<std::pair<std::uint16_t, std::uint16_t>>
        tags{};  ///< EtherType and TCI, outer first
};

inline Bytes ethernet(const EthernetFields& fields, unsigned ether_type, const Bytes& payload) {
    Bytes frame;
    const auto destination = std::as_bytes(std::span(fields.destination.bytes));
    const auto source = std::as_bytes(std::span(fields.source.bytes));
    frame.insert(frame.end(), destination.begin(), destination.end());
    frame.insert(frame.end(), source.begin(), source.end());
    for (const auto& [tag_type, control] : fields.tags) {
        append16(frame, tag_type);
        append16(frame, control);
    }
    append16(frame, ether_type);
    append(frame, payload);
    return frame;
}

/// A frame with one IP packet.
inline Bytes ip_frame(const IpFields& fields,
                      const Bytes& payload,
                      const EthernetFields& link = {}) {
    return ethernet(link, fields.source.is_ipv4() ? 0x0800 : 0x86dd, ip_packet(fields, payload));
}

}  // namespace tollgate::test
