// SPDX-License-Identifier: MIT
#include "policy/reference_packet.hpp"

#include <algorithm>
#include <iterator>

#include <netinet/in.h>

namespace tollgate::policy {
namespace {

constexpr std::uint8_t kEchoReply4 = 0;
constexpr std::uint8_t kEchoRequest4 = 8;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;

}  // namespace

IpAddress PacketView::remote() const {
    IpAddress address;
    std::copy(std::begin(packet.key.remote), std::end(packet.key.remote), address.bytes.begin());
    return address;
}

IpAddress PacketView::local() const {
    IpAddress address;
    std::copy(std::begin(packet.key.local), std::end(packet.key.local), address.bytes.begin());
    return address;
}

MacAddress PacketView::remote_mac() const {
    MacAddress mac;
    std::copy(std::begin(packet.remote_mac), std::end(packet.remote_mac), mac.bytes.begin());
    return mac;
}

std::span<const std::byte> PacketView::transport() const {
    return frame.subspan(packet.l4_offset, packet.l4_bytes);
}

std::span<const std::byte> PacketView::network() const {
    return frame.subspan(packet.l3_offset);
}

bool PacketView::icmp() const {
    return protocol() == IPPROTO_ICMP || protocol() == IPPROTO_ICMPV6;
}

bool PacketView::echo_request() const {
    return (protocol() == IPPROTO_ICMP && packet.icmp_type == kEchoRequest4) ||
           (protocol() == IPPROTO_ICMPV6 && packet.icmp_type == kEchoRequest6);
}

bool PacketView::echo_reply() const {
    return (protocol() == IPPROTO_ICMP && packet.icmp_type == kEchoReply4) ||
           (protocol() == IPPROTO_ICMPV6 && packet.icmp_type == kEchoReply6);
}

bool PacketView::tcp() const {
    return protocol() == IPPROTO_TCP && !has(TG_PACKET_FRAGMENT_LATER);
}

tg_fragment_key fragment_key(const PacketView& view) {
    tg_fragment_key key{};
    const tg_flow_key& flow = view.packet.key;
    std::copy(std::begin(flow.remote), std::end(flow.remote), std::begin(key.remote));
    std::copy(std::begin(flow.local), std::end(flow.local), std::begin(key.local));
    key.id = view.packet.fragment_id;
    key.protocol = flow.protocol;
    key.direction = static_cast<std::uint8_t>(view.direction);
    return key;
}

}  // namespace tollgate::policy
