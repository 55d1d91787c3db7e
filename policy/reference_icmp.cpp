// SPDX-License-Identifier: MIT
#include "policy/reference_icmp.hpp"

#include <algorithm>
#include <iterator>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tollgate::policy {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kQuotedTransport = 8;

// The quoted packet as its sender saw it.
struct Quote {
    IpAddress source;
    IpAddress destination;
    std::uint8_t protocol = 0;
    Bytes transport;
};

IpAddress address4(Bytes bytes, std::size_t offset) {
    IpAddress address;
    address.bytes[10] = address.bytes[11] = 0xff;
    for (std::size_t i = 0; i < 4; ++i) {
        address.bytes[12 + i] = byte_at(bytes, offset + i);
    }
    return address;
}

IpAddress address6(Bytes bytes, std::size_t offset) {
    IpAddress address;
    for (std::size_t i = 0; i < 16; ++i) {
        address.bytes[i] = byte_at(bytes, offset + i);
    }
    return address;
}

std::optional<Quote> read_ipv4(Bytes quoted) {
    if (quoted.size() < 20 || byte_at(quoted, 0) >> 4U != 4) {
        return std::nullopt;
    }
    const std::size_t header = std::size_t{4} * (byte_at(quoted, 0) & 0x0fU);
    const bool later_fragment = (be16_at(quoted, 6) & 0x1fffU) != 0;
    if (header < 20 || quoted.size() < header || later_fragment) {
        return std::nullopt;
    }
    return Quote{
        address4(quoted, 12), address4(quoted, 16), byte_at(quoted, 9), quoted.subspan(header)};
}

std::optional<Quote> read_ipv6(Bytes quoted) {
    constexpr std::size_t kHeader = 40;
    constexpr std::size_t kFragment = 8;
    if (quoted.size() < kHeader || byte_at(quoted, 0) >> 4U != 6) {
        return std::nullopt;
    }
    Quote quote{
        address6(quoted, 8), address6(quoted, 24), byte_at(quoted, 6), quoted.subspan(kHeader)};
    if (quote.protocol == IPPROTO_FRAGMENT) {
        if (quote.transport.size() < kFragment || (be16_at(quote.transport, 2) & 0xfff8U) != 0) {
            return std::nullopt;
        }
        quote.protocol = byte_at(quote.transport, 0);
        quote.transport = quote.transport.subspan(kFragment);
    }
    return quote;
}

bool is_echo(std::uint8_t protocol, std::uint8_t type) {
    return protocol == IPPROTO_ICMP ? type == 8 || type == 0 : type == 128 || type == 129;
}

// Source and destination port of the quote, as the flow key has them.
std::optional<std::pair<std::uint16_t, std::uint16_t>> ports(const Quote& quote) {
    switch (quote.protocol) {
        case IPPROTO_TCP:
        case IPPROTO_UDP:
            return std::pair{be16_at(quote.transport, 0), be16_at(quote.transport, 2)};
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6: {
            if (!is_echo(quote.protocol, byte_at(quote.transport, 0))) {
                return std::nullopt;
            }
            const std::uint16_t identifier = be16_at(quote.transport, 4);
            return std::pair{identifier, identifier};
        }
        default:
            return std::pair<std::uint16_t, std::uint16_t>{0, 0};
    }
}

}  // namespace

bool is_icmp_error(const PacketView& view) {
    const std::uint8_t type = view.packet.icmp_type;
    if (view.has(TG_PACKET_FRAGMENT_LATER)) {
        return false;
    }
    if (view.protocol() == IPPROTO_ICMP) {
        return type == 3 || type == 11 || type == 12;
    }
    return view.protocol() == IPPROTO_ICMPV6 && type >= 1 && type <= 4;
}

std::optional<tg_flow_key> quoted_flow(const PacketView& view) {
    const Bytes message = view.transport();
    if (message.size() < kIcmpHeader) {
        return std::nullopt;
    }
    const Bytes quoted = message.subspan(kIcmpHeader);
    const auto quote = view.has(TG_PACKET_IPV4) ? read_ipv4(quoted) : read_ipv6(quoted);
    // An error goes to the sender of what it quotes (RFC 1122, 3.2.2; RFC 4443, 2.2).
    if (!quote || quote->transport.size() < kQuotedTransport ||
        quote->source != view.destination()) {
        return std::nullopt;
    }
    const auto quoted_ports = ports(*quote);
    if (!quoted_ports) {
        return std::nullopt;
    }
    const auto [source_port, destination_port] = *quoted_ports;
    const bool sent_by_local = view.ingress();
    const IpAddress& remote = sent_by_local ? quote->destination : quote->source;
    const IpAddress& local = sent_by_local ? quote->source : quote->destination;

    tg_flow_key key{};
    std::copy(remote.bytes.begin(), remote.bytes.end(), std::begin(key.remote));
    std::copy(local.bytes.begin(), local.bytes.end(), std::begin(key.local));
    key.remote_port = htons(sent_by_local ? destination_port : source_port);
    key.local_port = htons(sent_by_local ? source_port : destination_port);
    key.protocol = quote->protocol;
    return key;
}

bool is_icmp_reply(const PacketView& view) {
    const std::uint8_t type = view.packet.icmp_type;
    if (view.protocol() == IPPROTO_ICMP) {
        return type == 0 || type == 14 || type == 16 || type == 18;
    }
    return type == 129;
}

}  // namespace tollgate::policy
