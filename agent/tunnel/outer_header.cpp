// SPDX-License-Identifier: MIT
#include "agent/tunnel/outer_header.hpp"

#include <algorithm>
#include <cstring>

#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

using crypto::MutableBytes;

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kEtherType = 12;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86dd;
constexpr std::byte kVersion4{0x45};  // five words of header
constexpr std::byte kHopLimit{64};
constexpr std::uint8_t kEcnMask = 0x03;
constexpr std::size_t kMac = 6;
constexpr std::size_t kIpv4Address = 4;
constexpr std::size_t kIpv6Address = 16;
constexpr std::size_t kMapped = 12;  // where an IPv4 address is in the mapped form

void write_ipv4(std::byte* ip, const IpAddress& from, const IpAddress& to, std::uint8_t tos) {
    ip[0] = kVersion4;
    ip[1] = std::byte{tos};
    ip[wire::ipv4::kTtl] = kHopLimit;
    ip[wire::ipv4::kProtocol] = std::byte{wire::kUdp};
    std::memcpy(ip + wire::ipv4::kSource, &from.bytes[kMapped], kIpv4Address);
    std::memcpy(ip + wire::ipv4::kSource + kIpv4Address, &to.bytes[kMapped], kIpv4Address);
}

void write_ipv6(std::byte* ip, const IpAddress& from, const IpAddress& to, std::uint8_t tc) {
    constexpr unsigned kVersion6 = 0x6000;
    wire::store16(ip, kVersion6 | unsigned{tc} << 4U);
    ip[wire::ipv6::kNextHeader] = std::byte{wire::kUdp};
    ip[wire::ipv6::kNextHeader + 1] = kHopLimit;
    std::memcpy(ip + wire::ipv6::kSource, from.bytes.data(), kIpv6Address);
    std::memcpy(ip + wire::ipv6::kSource + kIpv6Address, to.bytes.data(), kIpv6Address);
}

IpAddress mapped(const std::byte* ipv4) {
    IpAddress address;
    address.bytes[10] = address.bytes[11] = 0xff;
    std::memcpy(&address.bytes[kMapped], ipv4, kIpv4Address);
    return address;
}

/// The IP packet's part of the answer, and the UDP header with all that follows.
struct Opened {
    OuterDatagram datagram;
    MutableBytes udp;
};

std::optional<Opened> open_ipv4(MutableBytes ip) {
    if (ip.size() < wire::ipv4::kMinSize || ip[0] != kVersion4 ||
        (wire::load16(&ip[wire::ipv4::kFragment]) & wire::ipv4::kFragmented) != 0 ||
        ip[wire::ipv4::kProtocol] != std::byte{wire::kUdp}) {
        return std::nullopt;
    }
    const std::size_t size = wire::load16(&ip[wire::ipv4::kTotalLength]);
    if (size < wire::ipv4::kMinSize || size > ip.size()) {
        return std::nullopt;
    }
    Opened opened{{}, ip.first(size).subspan(wire::ipv4::kMinSize)};
    opened.datagram.from.address = mapped(&ip[wire::ipv4::kSource]);
    opened.datagram.from.local = mapped(&ip[wire::ipv4::kSource + kIpv4Address]);
    opened.datagram.ecn = std::to_integer<std::uint8_t>(ip[1]) & kEcnMask;
    return opened;
}

std::optional<Opened> open_ipv6(MutableBytes ip) {
    if (ip.size() < wire::ipv6::kSize || (ip[0] >> 4U) != std::byte{6} ||
        ip[wire::ipv6::kNextHeader] != std::byte{wire::kUdp}) {
        return std::nullopt;
    }
    const MutableBytes rest = ip.subspan(wire::ipv6::kSize);
    const std::size_t size = wire::load16(&ip[wire::ipv6::kPayloadLength]);
    if (size > rest.size()) {
        return std::nullopt;
    }
    Opened opened{{}, rest.first(size)};
    Endpoint& from = opened.datagram.from;
    std::memcpy(from.address.bytes.data(), &ip[wire::ipv6::kSource], kIpv6Address);
    std::memcpy(from.local.bytes.data(), &ip[wire::ipv6::kSource + kIpv6Address], kIpv6Address);
    opened.datagram.ecn = static_cast<std::uint8_t>(wire::load16(ip.data()) >> 4U) & kEcnMask;
    return opened;
}

}  // namespace

OuterHeader::OuterHeader(const Way& way,
                         const Endpoint& to,
                         std::uint16_t port,
                         std::uint8_t traffic_class)
    : is_ipv4_{to.address.is_ipv4()} {
    std::memcpy(bytes_.data(), way.to.bytes.data(), kMac);
    std::memcpy(&bytes_[kMac], way.from.bytes.data(), kMac);
    wire::store16(&bytes_[kEtherType], is_ipv4_ ? kTypeIpv4 : kTypeIpv6);
    std::byte* const ip = &bytes_[kEthernet];
    const std::size_t ip_size = is_ipv4_ ? wire::ipv4::kMinSize : wire::ipv6::kSize;
    if (is_ipv4_) {
        write_ipv4(ip, way.source, to.address, traffic_class);
        sum_.add({ip, ip_size});
    } else {
        write_ipv6(ip, way.source, to.address, traffic_class);
        sum_.add({ip + wire::ipv6::kSource, 2 * kIpv6Address}).add_field(wire::kUdp);
    }
    std::byte* const udp = ip + ip_size;
    wire::store16(udp, port);
    wire::store16(udp + 2, to.port);
    size_ = kEthernet + ip_size + wire::udp::kSize;
}

void OuterHeader::write(MutableBytes frame, std::uint16_t id) const {
    std::memcpy(frame.data(), bytes_.data(), size_);
    const MutableBytes ip = frame.subspan(kEthernet);
    const MutableBytes udp = frame.subspan(size_ - wire::udp::kSize);
    wire::store16(&udp[wire::udp::kLength], udp.size());
    InternetSum sum = sum_;
    if (is_ipv4_) {
        wire::store16(&ip[wire::ipv4::kTotalLength], ip.size());
        wire::store16(&ip[wire::ipv4::kId], id);
        sum.add_field(ip.size()).add_field(id);
        wire::store16(&ip[wire::ipv4::kChecksum], sum.checksum());
        return;
    }
    wire::store16(&ip[wire::ipv6::kPayloadLength], udp.size());
    const std::uint16_t checksum = sum.add_field(udp.size()).add(udp).checksum();
    constexpr std::uint16_t kZero = 0xffff;  // zero itself would mean that there is none
    wire::store16(&udp[wire::udp::kChecksum], checksum == 0 ? kZero : checksum);
}

std::optional<OuterDatagram> read_outer(MutableBytes frame) {
    if (frame.size() < kEthernet) {
        return std::nullopt;
    }
    const std::uint16_t type = wire::load16(&frame[kEtherType]);
    const MutableBytes ip = frame.subspan(kEthernet);
    std::optional<Opened> opened;
    if (type == kTypeIpv4) {
        opened = open_ipv4(ip);
    } else if (type == kTypeIpv6) {
        opened = open_ipv6(ip);
    }
    if (!opened || opened->udp.size() < wire::udp::kSize) {
        return std::nullopt;
    }
    const MutableBytes udp = opened->udp;
    const std::size_t size = wire::load16(&udp[wire::udp::kLength]);
    if (size < wire::udp::kSize || size > udp.size()) {
        return std::nullopt;
    }
    OuterDatagram datagram = opened->datagram;
    datagram.from.port = wire::load16(udp.data());
    datagram.port = wire::load16(&udp[2]);
    datagram.bytes = udp.first(size).subspan(wire::udp::kSize);
    return datagram;
}

}  // namespace tollgate::agent
