// SPDX-License-Identifier: MIT
#include "agent/tunnel/coalesce.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "agent/tunnel/ip_header.hpp"
#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kJoinedBytesMax = 65'535;
constexpr std::byte kEndsRun = wire::tcp::kFin | wire::tcp::kPsh;

/// A packet that may be joined with others, as far as it can be seen from itself.
struct Segment {
    std::byte* bytes = nullptr;
    IpHeader ip;
    std::size_t headers = 0;  ///< bytes
    std::size_t payload = 0;  ///< bytes; not 0

    [[nodiscard]] bool is_tcp() const { return ip.protocol == wire::kTcp; }
    [[nodiscard]] std::byte* transport() const { return bytes + ip.size; }
    [[nodiscard]] std::byte& tcp_flags() const { return transport()[wire::tcp::kFlags]; }
    [[nodiscard]] bool ends_run() const {
        return is_tcp() && (tcp_flags() & kEndsRun) != std::byte{0};
    }
    [[nodiscard]] InternetSum pseudo_header(std::size_t size) const {
        return ip.address_sum(bytes).add_field(ip.protocol).add_field(size);
    }
};

std::size_t tcp_header_size(const std::byte* tcp, std::size_t left) {
    if (left < wire::tcp::kMinSize) {
        return 0;
    }
    const auto size = 4 * std::to_integer<std::size_t>(tcp[wire::tcp::kDataOffset] >> 4);
    const bool carries_only_bytes =
        (tcp[wire::tcp::kFlags] & ~(kEndsRun | wire::tcp::kEce)) == wire::tcp::kAckFlag;
    return carries_only_bytes && size >= wire::tcp::kMinSize ? size : 0;
}

std::size_t udp_header_size(const std::byte* udp, std::size_t left) {
    const bool fits = left >= wire::udp::kSize && wire::load16(udp + wire::udp::kLength) == left &&
                      wire::load16(udp + wire::udp::kChecksum) != 0;
    return fits ? wire::udp::kSize : 0;
}

std::optional<Segment> read_segment(crypto::MutableBytes packet, bool joins_udp) {
    const auto ip = IpHeader::read(packet);
    if (!ip || ip->packet_size != packet.size()) {
        return std::nullopt;
    }
    const bool is_plain =
        ip->is_ipv6 ||
        (ip->size == wire::ipv4::kMinSize &&
         (wire::load16(&packet[wire::ipv4::kFragment]) & ~wire::ipv4::kDontFragment) == 0);
    const std::byte* const transport = packet.data() + ip->size;
    const std::size_t left = packet.size() - ip->size;
    std::size_t header = 0;
    if (ip->protocol == wire::kTcp) {
        header = tcp_header_size(transport, left);
    } else if (ip->protocol == wire::kUdp && joins_udp) {
        header = udp_header_size(transport, left);
    }
    if (!is_plain || header == 0 || header >= left) {
        return std::nullopt;
    }
    return Segment{packet.data(), *ip, ip->size + header, left - header};
}

bool equal(const Segment& one, const Segment& other, std::size_t from, std::size_t to) {
    return std::equal(one.bytes + from, one.bytes + to, other.bytes + from);
}

bool same_ip(const Segment& first, const Segment& next, std::size_t index) {
    if (first.ip.is_ipv6 || next.ip.is_ipv6) {
        return first.ip.is_ipv6 && next.ip.is_ipv6 && equal(first, next, 0, 4) &&
               equal(first, next, wire::ipv6::kNextHeader, wire::ipv6::kSize);
    }
    // The identification of a packet that may not be fragmented has no meaning (RFC 6864).
    const auto id = wire::load16(first.bytes + wire::ipv4::kId) + index;
    const bool id_fits =
        (wire::load16(first.bytes + wire::ipv4::kFragment) & wire::ipv4::kDontFragment) != 0 ||
        wire::load16(next.bytes + wire::ipv4::kId) == static_cast<std::uint16_t>(id);
    return id_fits && equal(first, next, 0, wire::ipv4::kTotalLength) &&
           equal(first, next, wire::ipv4::kFragment, wire::ipv4::kChecksum) &&
           equal(first, next, wire::ipv4::kSource, wire::ipv4::kMinSize);
}

bool same_tcp(const Segment& first, const Segment& next, std::size_t index) {
    const std::size_t at = first.ip.size;
    const auto sequence = wire::load32(first.transport() + wire::tcp::kSequence) +
                          static_cast<std::uint32_t>(index * first.payload);
    return wire::load32(next.transport() + wire::tcp::kSequence) == sequence &&
           equal(first, next, at, at + wire::tcp::kSequence) &&
           equal(first, next, at + wire::tcp::kAck, at + wire::tcp::kFlags) &&
           (next.tcp_flags() & ~kEndsRun) == first.tcp_flags() &&
           equal(first, next, at + wire::tcp::kFlags + 1, at + wire::tcp::kChecksum) &&
           equal(first, next, at + wire::tcp::kChecksum + 2, first.headers);
}

/// Whether `next` would be segment `index` of what begins with `first`.
bool continues(const Segment& first, const Segment& next, std::size_t index) {
    if (first.headers != next.headers || next.payload > first.payload ||
        !same_ip(first, next, index)) {
        return false;
    }
    return first.is_tcp() ? same_tcp(first, next, index)
                          : equal(first, next, first.ip.size, first.ip.size + wire::udp::kLength);
}

bool is_intact(const Segment& segment) {
    const std::size_t size = segment.headers + segment.payload - segment.ip.size;
    const bool ip_is_intact =
        segment.ip.is_ipv6 || InternetSum{}.add({segment.bytes, segment.ip.size}).checksum() == 0;
    return ip_is_intact &&
           segment.pseudo_header(size).add({segment.transport(), size}).checksum() == 0;
}

VirtioHeader stand_for_all(const Segment& first, std::byte last_flags, std::size_t joined) {
    const std::size_t size = joined - first.ip.size;
    const std::uint16_t field = first.is_tcp() ? wire::tcp::kChecksum : wire::udp::kChecksum;
    std::uint8_t type = VirtioHeader::kUdp;
    first.ip.write_length(first.bytes, joined);
    if (first.is_tcp()) {
        type = first.ip.is_ipv6 ? VirtioHeader::kTcp6 : VirtioHeader::kTcp4;
        first.tcp_flags() |= last_flags;
    } else {
        wire::store16(first.transport() + wire::udp::kLength, size);
    }
    wire::store16(first.transport() + field, first.pseudo_header(size).folded());
    return {.flags = VirtioHeader::kNeedsChecksum,
            .gso_type = type,
            .header_size = static_cast<std::uint16_t>(first.headers),
            .segment_size = static_cast<std::uint16_t>(first.payload),
            .checksum_start = static_cast<std::uint16_t>(first.ip.size),
            .checksum_offset = field};
}

}  // namespace

std::size_t Coalescer::take(std::span<const crypto::MutableBytes> packets) {
    header_ = {};
    part_count_ = 0;
    add_part(packets.front());
    const auto first = read_segment(packets.front(), joins_udp_);
    if (!first || first->ends_run()) {
        return 1;
    }
    std::size_t joined = packets.front().size();
    Segment last = *first;
    const std::size_t most = std::min(packets.size(), kPacketsMax);
    for (std::size_t i = 1; i < most && !last.ends_run() && last.payload == first->payload; ++i) {
        const auto next = read_segment(packets[i], joins_udp_);
        if (!next || joined + next->payload > kJoinedBytesMax || !continues(*first, *next, i) ||
            (i == 1 && !is_intact(*first)) || !is_intact(*next)) {
            break;
        }
        add_part(packets[i].subspan(next->headers));
        joined += next->payload;
        last = *next;
    }
    if (part_count_ > 1) {
        const std::byte flags = last.is_tcp() ? last.tcp_flags() : std::byte{0};
        header_ = stand_for_all(*first, flags, joined);
    }
    return part_count_;
}

void Coalescer::add_part(crypto::MutableBytes bytes) {
    parts_[part_count_] = {.iov_base = bytes.data(), .iov_len = bytes.size()};
    ++part_count_;
}

}  // namespace tollgate::agent
