// SPDX-License-Identifier: MIT
#include "agent/tunnel/ip_header.hpp"

#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

namespace {

std::optional<IpHeader> read_ipv4(crypto::Bytes packet) {
    if (packet.size() < wire::ipv4::kMinSize) {
        return std::nullopt;
    }
    const IpHeader header{
        .is_ipv6 = false,
        .protocol = std::to_integer<std::uint8_t>(packet[wire::ipv4::kProtocol]),
        .size = 4 * std::to_integer<std::size_t>(packet[0] & std::byte{0x0f}),
        .packet_size = wire::load16(&packet[wire::ipv4::kTotalLength]),
    };
    const bool fits = header.size >= wire::ipv4::kMinSize && header.size <= header.packet_size &&
                      header.packet_size <= packet.size();
    return fits ? std::optional{header} : std::nullopt;
}

std::optional<IpHeader> read_ipv6(crypto::Bytes packet) {
    if (packet.size() < wire::ipv6::kSize) {
        return std::nullopt;
    }
    const IpHeader header{
        .is_ipv6 = true,
        .protocol = std::to_integer<std::uint8_t>(packet[wire::ipv6::kNextHeader]),
        .size = wire::ipv6::kSize,
        .packet_size = wire::ipv6::kSize + wire::load16(&packet[wire::ipv6::kPayloadLength]),
    };
    return header.packet_size <= packet.size() ? std::optional{header} : std::nullopt;
}

}  // namespace

std::optional<IpHeader> IpHeader::read(crypto::Bytes packet) {
    if (packet.empty()) {
        return std::nullopt;
    }
    switch (std::to_integer<unsigned>(packet[0] >> 4)) {
        case 4:
            return read_ipv4(packet);
        case 6:
            return read_ipv6(packet);
        default:
            return std::nullopt;
    }
}

InternetSum IpHeader::address_sum(const std::byte* packet) const {
    return is_ipv6 ? InternetSum{}.add({packet + wire::ipv6::kSource, 32})
                   : InternetSum{}.add({packet + wire::ipv4::kSource, 8});
}

void IpHeader::write_length(std::byte* packet, std::size_t new_size) const {
    if (is_ipv6) {
        wire::store16(packet + wire::ipv6::kPayloadLength, new_size - wire::ipv6::kSize);
        return;
    }
    wire::store16(packet + wire::ipv4::kTotalLength, new_size);
    wire::store16(packet + wire::ipv4::kChecksum, 0);
    wire::store16(packet + wire::ipv4::kChecksum, InternetSum{}.add({packet, size}).checksum());
}

}  // namespace tollgate::agent
