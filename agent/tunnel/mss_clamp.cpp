// SPDX-License-Identifier: MIT
#include "agent/tunnel/mss_clamp.hpp"

#include <algorithm>
#include <cstdint>

#include "agent/tunnel/ip_header.hpp"
#include "agent/tunnel/wire.hpp"

namespace tollgate::agent {

using crypto::MutableBytes;

namespace {

constexpr std::byte kEndOfOptions{0};
constexpr std::byte kNoOperation{1};
constexpr std::byte kMaximumSegmentSize{2};
constexpr std::size_t kMssOptionSize = 4;
constexpr std::uint16_t kFragmentOffset = 0x1fff;

bool is_tcp_start(MutableBytes packet, const IpHeader& ip) {
    const bool is_later_fragment =
        !ip.is_ipv6 && (wire::load16(&packet[wire::ipv4::kFragment]) & kFragmentOffset) != 0;
    return ip.protocol == wire::kTcp && !is_later_fragment &&
           packet.size() >= ip.size + wire::tcp::kMinSize;
}

/// Where the value of the option is, from the beginning of the segment; 0: there is none.
std::size_t find_mss(MutableBytes segment) {
    const std::size_t header =
        4 * std::to_integer<std::size_t>(segment[wire::tcp::kDataOffset] >> 4U);
    const std::size_t end = std::min(header, segment.size());
    for (std::size_t at = wire::tcp::kMinSize; at < end && segment[at] != kEndOfOptions;) {
        if (segment[at] == kNoOperation) {
            ++at;
            continue;
        }
        const std::size_t size = at + 1 < end ? std::to_integer<std::size_t>(segment[at + 1]) : 0;
        if (size < 2 || at + size > end) {
            return 0;
        }
        if (segment[at] == kMaximumSegmentSize) {
            return size == kMssOptionSize ? at + 2 : 0;
        }
        at += size;
    }
    return 0;
}

// RFC 1624, equation 3. A number at an odd place lies across two words: its bytes are in the other
// order in the sum.
void replace16(MutableBytes segment, std::size_t at, std::uint16_t number) {
    const auto in_sum = [at](std::uint32_t value) {
        return at % 2 == 0 ? value : (value >> 8U | value << 8U) & 0xffffU;
    };
    const std::uint32_t before = wire::load16(&segment[at]);
    const std::uint32_t checksum = wire::load16(&segment[wire::tcp::kChecksum]);
    std::uint32_t sum = (~checksum & 0xffffU) + (~in_sum(before) & 0xffffU) + in_sum(number);
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    wire::store16(&segment[at], number);
    wire::store16(&segment[wire::tcp::kChecksum], ~sum & 0xffffU);
}

}  // namespace

void clamp_mss(MutableBytes packet, std::size_t mtu) {
    const auto ip = IpHeader::read(packet);
    if (!ip || !is_tcp_start(packet, *ip)) {
        return;
    }
    const MutableBytes segment = packet.subspan(ip->size);
    if ((segment[wire::tcp::kFlags] & wire::tcp::kSyn) == std::byte{0}) {
        return;
    }
    const std::size_t headers =
        (ip->is_ipv6 ? wire::ipv6::kSize : wire::ipv4::kMinSize) + wire::tcp::kMinSize;
    const std::size_t at = find_mss(segment);
    if (at == 0 || mtu <= headers || wire::load16(&segment[at]) <= mtu - headers) {
        return;
    }
    replace16(segment, at, static_cast<std::uint16_t>(mtu - headers));
}

}  // namespace tollgate::agent
