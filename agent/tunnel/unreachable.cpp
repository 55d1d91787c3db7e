// SPDX-License-Identifier: MIT
#include "agent/tunnel/unreachable.hpp"

#include <algorithm>
#include <cstring>

#include "agent/tunnel/checksum.hpp"
#include "agent/tunnel/ip_header.hpp"
#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

using crypto::Bytes;
using crypto::MutableBytes;

namespace {

constexpr std::size_t kIpv4Max = 576;  // RFC 1812, 4.3.2.3
constexpr std::size_t kIpv6Max = 1280;
constexpr std::size_t kPacketMax = 65'575;  // IPv6: header and payload
constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kIcmpChecksum = 2;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmpV6 = 58;
constexpr std::byte kHops{64};
constexpr std::byte kNetworkControl{0xc0};  // RFC 1812, 4.3.2.5
constexpr std::uint16_t kFragmentOffset = 0x1fff;

bool is_sender(const IpAddress& address) {
    return address != IpAddress{} && address != *IpAddress::parse("0.0.0.0") &&
           !address.is_multicast();
}

bool is_host(const IpAddress& address) {
    return !address.is_multicast() && address != *IpAddress::parse("255.255.255.255");
}

// RFC 792 has queries beside errors; ICMPv6 keeps the lower half of the types for errors.
bool is_icmp_error(const IpHeader& ip, Bytes packet) {
    if (packet.size() <= ip.size) {
        return false;
    }
    const auto type = std::to_integer<std::uint8_t>(packet[ip.size]);
    if (ip.is_ipv6) {
        return ip.protocol == kIcmpV6 && type < 128;
    }
    constexpr std::array<std::uint8_t, 5> kErrors{3, 4, 5, 11, 12};
    return ip.protocol == kIcmp && std::find(kErrors.begin(), kErrors.end(), type) != kErrors.end();
}

bool is_later_fragment(const IpHeader& ip, Bytes packet) {
    return !ip.is_ipv6 && (wire::load16(&packet[wire::ipv4::kFragment]) & kFragmentOffset) != 0;
}

void swap_addresses(Bytes packet, std::byte* header, std::size_t at, std::size_t size) {
    std::memcpy(header + at, &packet[at + size], size);
    std::memcpy(header + at + size, &packet[at], size);
}

MutableBytes write_ipv4(Bytes packet, MutableBytes out) {
    const std::size_t quoted =
        std::min(packet.size(), kIpv4Max - wire::ipv4::kMinSize - kIcmpHeader);
    const MutableBytes message = out.first(wire::ipv4::kMinSize + kIcmpHeader + quoted);
    std::fill_n(message.begin(), wire::ipv4::kMinSize + kIcmpHeader, std::byte{0});
    message[0] = std::byte{0x45};
    message[1] = kNetworkControl;
    message[wire::ipv4::kTtl] = kHops;
    message[wire::ipv4::kProtocol] = std::byte{kIcmp};
    swap_addresses(packet, message.data(), wire::ipv4::kSource, 4);
    IpHeader{.is_ipv6 = false, .protocol = kIcmp, .size = wire::ipv4::kMinSize, .packet_size = 0}
        .write_length(message.data(), message.size());
    const MutableBytes icmp = message.subspan(wire::ipv4::kMinSize);
    icmp[0] = std::byte{3};
    icmp[1] = std::byte{1};
    std::copy_n(packet.begin(), quoted, icmp.begin() + kIcmpHeader);
    wire::store16(&icmp[kIcmpChecksum], InternetSum{}.add(icmp).checksum());
    return message;
}

MutableBytes write_ipv6(Bytes packet, MutableBytes out) {
    const std::size_t quoted = std::min(packet.size(), kIpv6Max - wire::ipv6::kSize - kIcmpHeader);
    const MutableBytes message = out.first(wire::ipv6::kSize + kIcmpHeader + quoted);
    std::fill_n(message.begin(), wire::ipv6::kSize + kIcmpHeader, std::byte{0});
    message[0] = std::byte{0x60};
    message[wire::ipv6::kNextHeader] = std::byte{kIcmpV6};
    message[wire::ipv6::kHopLimit] = kHops;
    swap_addresses(packet, message.data(), wire::ipv6::kSource, 16);
    wire::store16(&message[wire::ipv6::kPayloadLength], message.size() - wire::ipv6::kSize);
    const MutableBytes icmp = message.subspan(wire::ipv6::kSize);
    icmp[0] = std::byte{1};
    icmp[1] = std::byte{3};
    std::copy_n(packet.begin(), quoted, icmp.begin() + kIcmpHeader);
    InternetSum sum;
    sum.add(Bytes{message}.subspan(wire::ipv6::kSource, 32)).add_field(kIcmpV6);
    wire::store16(&icmp[kIcmpChecksum], sum.add_field(icmp.size()).add(icmp).checksum());
    return message;
}

}  // namespace

Unreachable::Unreachable() {
    quoted_.reserve(kPacketMax);
}

MutableBytes Unreachable::answer(const HostPacket& packet, crypto::Instant now) {
    if (!is_sender(packet.source()) || !is_host(packet.destination()) || !is_allowed(now)) {
        return {};
    }
    quoted_.resize(packet.size(0));
    packet.write(0, quoted_);
    const auto ip = IpHeader::read(quoted_);
    if (!ip || is_icmp_error(*ip, quoted_) || is_later_fragment(*ip, quoted_)) {
        return {};
    }
    return ip->is_ipv6 ? write_ipv6(quoted_, message_) : write_ipv4(quoted_, message_);
}

bool Unreachable::is_allowed(crypto::Instant now) {
    const crypto::Instant full = std::max(full_, now) + kInterval;
    if (full - now > kBurst * kInterval) {
        return false;
    }
    full_ = full;
    return true;
}

}  // namespace tollgate::agent
