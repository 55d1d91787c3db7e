// SPDX-License-Identifier: MIT
#include "agent/tunnel/host_packet.hpp"

#include <algorithm>
#include <cstring>

#include "agent/tunnel/virtio_header.hpp"
#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr int kExtensionHeadersMax = 8;

struct Transport {
    std::uint8_t protocol = 0;
    std::size_t offset = 0;
};

/// What the IP packet carries, behind the extension headers that leave the addresses as they are.
std::optional<Transport> find_transport(crypto::Bytes packet, const IpHeader& ip) {
    if (!ip.is_ipv6 &&
        (wire::load16(&packet[wire::ipv4::kFragment]) & wire::ipv4::kFragmented) != 0) {
        return std::nullopt;
    }
    Transport next{ip.protocol, ip.size};
    for (int i = 0; i < kExtensionHeadersMax && ip.is_ipv6; ++i) {
        if (next.protocol != kHopByHop && next.protocol != kDestinationOptions) {
            return next;
        }
        if (next.offset + 8 > packet.size()) {
            return std::nullopt;
        }
        next.protocol = std::to_integer<std::uint8_t>(packet[next.offset]);
        next.offset += 8 + 8 * std::to_integer<std::size_t>(packet[next.offset + 1]);
    }
    return next;
}

std::uint8_t protocol_of(std::uint8_t gso_type, bool is_ipv6) {
    switch (gso_type) {
        case VirtioHeader::kTcp4:
            return is_ipv6 ? 0 : wire::kTcp;
        case VirtioHeader::kTcp6:
            return is_ipv6 ? wire::kTcp : 0;
        case VirtioHeader::kUdp:
            return wire::kUdp;
        default:
            return 0;
    }
}

std::size_t tcp_header_size(crypto::Bytes segment) {
    if (segment.size() < wire::tcp::kMinSize) {
        return 0;
    }
    return 4 * std::to_integer<std::size_t>(segment[wire::tcp::kDataOffset] >> 4);
}

IpAddress address_at(crypto::Bytes packet, bool is_ipv6, std::size_t index) {
    IpAddress address;
    if (is_ipv6) {
        std::memcpy(address.bytes.data(), &packet[wire::ipv6::kSource + 16 * index], 16);
    } else {
        address.bytes[10] = address.bytes[11] = 0xff;
        std::memcpy(&address.bytes[12], &packet[wire::ipv4::kSource + 4 * index], 4);
    }
    return address;
}

// A checksum of zero means "none" in UDP; for the others both zeros are the same.
std::uint16_t never_zero(std::uint16_t checksum) {
    return checksum == 0 ? 0xffff : checksum;
}

}  // namespace

std::optional<HostPacket> HostPacket::read(crypto::Bytes bytes) {
    VirtioHeader header;
    if (bytes.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    const auto ip = IpHeader::read(bytes.subspan(sizeof header));
    if (!ip) {
        return std::nullopt;
    }
    HostPacket packet{bytes.subspan(sizeof header, ip->packet_size), *ip};
    const auto gso_type = static_cast<std::uint8_t>(header.gso_type & ~VirtioHeader::kTcpHasCwr);
    bool fits = true;
    if (gso_type != VirtioHeader::kWhole) {
        fits = packet.expect_segments(gso_type, header.segment_size);
    } else if ((header.flags & VirtioHeader::kNeedsChecksum) != 0) {
        fits = packet.expect_checksum(header.checksum_start, header.checksum_offset);
    }
    return fits ? std::optional{packet} : std::nullopt;
}

bool HostPacket::expect_checksum(std::size_t start, std::size_t offset) {
    kind_ = Kind::checksum_missing;
    transport_ = start;
    checksum_offset_ = offset;
    return start >= ip_.size && start + offset + 2 <= packet_.size();
}

bool HostPacket::expect_segments(std::uint8_t gso_type, std::size_t segment) {
    const auto transport = find_transport(packet_, ip_);
    protocol_ = protocol_of(gso_type, ip_.is_ipv6);
    if (!transport || protocol_ == 0 || transport->protocol != protocol_ ||
        transport->offset > packet_.size() || segment == 0) {
        return false;
    }
    const bool is_tcp = protocol_ == wire::kTcp;
    const std::size_t smallest = is_tcp ? wire::tcp::kMinSize : wire::udp::kSize;
    const std::size_t header =
        is_tcp ? tcp_header_size(packet_.subspan(transport->offset)) : wire::udp::kSize;
    kind_ = is_tcp ? Kind::tcp : Kind::udp;
    transport_ = transport->offset;
    checksum_offset_ = is_tcp ? wire::tcp::kChecksum : wire::udp::kChecksum;
    headers_ = transport_ + header;
    segment_ = segment;
    addresses_ = ip_.address_sum(packet_.data());
    if (header < smallest || headers_ > packet_.size()) {
        return false;
    }
    const std::size_t payload = packet_.size() - headers_;
    count_ = std::max<std::size_t>(1, (payload + segment - 1) / segment);
    return true;
}

IpAddress HostPacket::source() const {
    return address_at(packet_, ip_.is_ipv6, 0);
}

IpAddress HostPacket::destination() const {
    return address_at(packet_, ip_.is_ipv6, 1);
}

HostPacket::UdpPorts HostPacket::udp_ports() const {
    const auto transport = find_transport(packet_, ip_);
    if (!transport || transport->protocol != wire::kUdp ||
        transport->offset + wire::udp::kSize > packet_.size()) {
        return {};
    }
    const std::byte* const header = &packet_[transport->offset];
    return {wire::load16(header), wire::load16(header + wire::udp::kDestinationPort)};
}

std::uint8_t HostPacket::traffic_class() const {
    return ip_.is_ipv6 ? static_cast<std::uint8_t>(wire::load16(packet_.data()) >> 4U)
                       : std::to_integer<std::uint8_t>(packet_[1]);
}

std::size_t HostPacket::size(std::size_t index) const {
    if (count_ == 1) {
        return packet_.size();
    }
    return std::min(headers_ + segment_, packet_.size() - index * segment_);
}

void HostPacket::write(std::size_t index, crypto::MutableBytes out) const {
    if (kind_ == Kind::whole || kind_ == Kind::checksum_missing) {
        std::memcpy(out.data(), packet_.data(), packet_.size());
        if (kind_ == Kind::checksum_missing) {
            // The field holds the sum of the pseudo-header.
            const auto sum = InternetSum{}.add(out.subspan(transport_));
            wire::store16(&out[transport_ + checksum_offset_], never_zero(sum.checksum()));
        }
        return;
    }
    const std::size_t payload = out.size() - headers_;
    std::memcpy(out.data(), packet_.data(), headers_);
    std::memcpy(out.data() + headers_, packet_.data() + headers_ + index * segment_, payload);
    if (!ip_.is_ipv6) {
        const std::uint16_t first_id = wire::load16(&packet_[wire::ipv4::kId]);
        wire::store16(&out[wire::ipv4::kId], first_id + index);
    }
    ip_.write_length(out.data(), out.size());
    std::byte* const transport = &out[transport_];
    if (kind_ == Kind::tcp) {
        finish_tcp(index, transport);
    } else {
        wire::store16(transport + wire::udp::kLength, out.size() - transport_);
    }
    finish_checksum(transport, out.size() - transport_);
}

void HostPacket::finish_tcp(std::size_t index, std::byte* transport) const {
    const std::uint32_t first = wire::load32(transport + wire::tcp::kSequence);
    wire::store32(transport + wire::tcp::kSequence,
                  first + static_cast<std::uint32_t>(index * segment_));
    if (index != 0) {
        transport[wire::tcp::kFlags] &= ~wire::tcp::kCwr;
    }
    if (index + 1 != count_) {
        transport[wire::tcp::kFlags] &= ~(wire::tcp::kFin | wire::tcp::kPsh);
    }
}

void HostPacket::finish_checksum(std::byte* transport, std::size_t size) const {
    std::byte* const field = transport + checksum_offset_;
    wire::store16(field, 0);
    InternetSum sum = addresses_;
    sum.add_field(protocol_).add_field(size).add({transport, size});
    wire::store16(field, never_zero(sum.checksum()));
}

}  // namespace tollgate::agent
