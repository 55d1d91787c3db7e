// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <vector>

#include <tollgate/result.hpp>

#include "tests/support/talk.hpp"

/// Frames that the parser refuses, each with its reason, and the builders of their sound relatives.
namespace tollgate::test {

inline constexpr Direction kInto = Direction::ingress;

struct Refusal {
    const char* name;
    DropReason reason;
    std::function<Bytes()> frame;
};

inline Bytes udp_frame() {
    return Talk{}.udp(kInto);
}

inline Bytes udp6_frame() {
    return talk6().udp(kInto);
}

inline Bytes changed(Bytes frame, std::size_t offset, unsigned value) {
    put8(frame, offset, value);
    return frame;
}

inline Bytes tagged(std::size_t tags) {
    const Talk talk;
    EthernetFields link = talk.link(kInto);
    link.tags.assign(tags, {0x8100, 0});
    return ip_frame(talk.fields(kInto, IPPROTO_UDP), udp(talk.ports(kInto)), link);
}

inline Bytes with_options(const Bytes& options) {
    const Talk talk;
    IpFields fields = talk.fields(kInto, IPPROTO_UDP);
    fields.options = options;
    return ip_frame(fields, udp(talk.ports(kInto)), talk.link(kInto));
}

inline Bytes from(const char* source,
                  const char* destination,
                  std::uint8_t protocol,
                  const Bytes& payload) {
    IpFields fields;
    fields.source = ip(source);
    fields.destination = ip(destination);
    fields.protocol = protocol;
    return ip_frame(fields, payload);
}

inline Bytes ip6(std::uint8_t next, const Bytes& payload) {
    return from("2001:db8::1", "2001:db8:7::7", next, payload);
}

inline Bytes chain(unsigned headers) {
    Bytes inside = udp({1000, 2000});
    std::uint8_t next = IPPROTO_UDP;
    for (unsigned i = 0; i < headers; ++i) {
        inside = extension(next, {}, inside);
        next = IPPROTO_DSTOPTS;
    }
    return ip6(next, inside);
}

inline Bytes segment(unsigned flags) {
    return Talk{}.tcp(kInto, {.flags = static_cast<std::uint8_t>(flags)});
}

inline Bytes fragment4(unsigned word, const Bytes& payload, std::uint8_t protocol = IPPROTO_UDP) {
    IpFields fields = Talk{}.fields(kInto, protocol);
    fields.fragment = static_cast<std::uint16_t>(word);
    fields.checksum = false;
    return ip_frame(fields, payload);
}

inline constexpr unsigned kMore = 0x2000;
inline constexpr std::size_t kIp = 14;

// NOLINTNEXTLINE(readability-function-size): a table
inline const std::vector<Refusal>& refusals() {
    using enum DropReason;
    static const Bytes kEight = bytes({0, 0, 0, 0, 0, 0, 0, 0});
    static const std::vector<Refusal> kAll{
        {"EtherTypeUnknown",
         ethertype,
         [] {
             return ethernet({}, 0x8847, udp({1, 2}));
         }},
        {"EightZeroTwoThreeLength",
         ethertype,
         [] {
             return ethernet({}, 0x0026, Bytes(40));
         }},
        {"ThreeTags",
         vlan_depth,
         [] {
             return tagged(3);
         }},
        {"ArpCutShort",
         truncated,
         [] {
             return ethernet({}, 0x0806, Bytes(27));
         }},
        {"Ipv4Version",
         ipv4_header,
         [] {
             return changed(udp_frame(), kIp, 0x55);
         }},
        {"Ipv4HeaderOf16Bytes",
         ipv4_header,
         [] {
             return changed(udp_frame(), kIp, 0x44);
         }},
        {"Ipv4TotalBelowHeader",
         ipv4_header,
         [] {
             return changed(udp_frame(), kIp + 3, 19);
         }},
        {"Ipv4TotalAboveFrame",
         ipv4_header,
         [] {
             return changed(udp_frame(), kIp + 3, 29);
         }},
        {"LooseSourceRoute",
         ipv4_source_route,
         [] {
             return with_options(bytes({131, 7, 4, 0, 0, 0, 0, 0}));
         }},
        {"StrictSourceRouteBehindNop",
         ipv4_source_route,
         [] {
             return with_options(bytes({1, 137, 7, 4, 0, 0, 0, 0}));
         }},
        {"OptionPastTheHeader",
         ipv4_header,
         [] {
             return with_options(bytes({7, 9, 4, 0}));
         }},
        {"OptionOfLengthOne",
         ipv4_header,
         [] {
             return with_options(bytes({7, 1, 0, 0}));
         }},
        {"OptionWithoutLength",
         ipv4_header,
         [] {
             return with_options(bytes({1, 1, 1, 7}));
         }},
        {"Ipv6Version",
         ipv6_header,
         [] {
             return changed(udp6_frame(), kIp, 0x40);
         }},
        {"Ipv6PayloadAboveFrame",
         ipv6_header,
         [] {
             return changed(udp6_frame(), kIp + 5, 9);
         }},
        {"Ipv6PayloadZero",
         ipv6_header,
         [] {
             return changed(udp6_frame(), kIp + 5, 0);
         }},
        {"NineExtensions",
         ipv6_extension,
         [] {
             return chain(9);
         }},
        {"HopByHopNotFirst",
         ipv6_extension,
         [] {
             return ip6(60, extension(0, {}, extension(17, {}, udp({1, 2}))));
         }},
        {"RoutingTypeZero",
         ipv6_routing,
         [] {
             return ip6(43, extension(17, bytes({0, 0}), udp({1, 2})));
         }},
        {"FragmentOfAFragment",
         ipv6_extension,
         [] {
             return ip6(44, fragment6(44, 1, 1, fragment6(17, 1, 1, udp({1, 2}))));
         }},
        {"ExtensionPastThePayload",
         truncated,
         [] {
             return ip6(60, bytes({17, 4, 0, 0, 0, 0, 0, 0}));
         }},
        {"ExtensionThatEndsInThePadding",
         truncated,
         [] {
             Bytes frame = ip6(60, bytes({17, 1, 0, 0, 0, 0, 0, 0}));
             append(frame, kEight);
             append(frame, udp({1, 2}));
             return frame;
         }},
        {"NoNextHeader",
         protocol,
         [] {
             return ip6(59, kEight);
         }},
        {"UnknownProtocol",
         protocol,
         [] {
             return from("192.0.2.1", "198.51.100.7", 99, kEight);
         }},
        {"IcmpInIpv6",
         protocol,
         [] {
             return ip6(IPPROTO_ICMP, icmp(8));
         }},
        {"Icmpv6InIpv4",
         protocol,
         [] {
             return from("192.0.2.1", "198.51.100.7", 58, icmp(128));
         }},
        {"UdpLengthSeven",
         l4_header,
         [] {
             return changed(udp_frame(), kIp + 25, 7);
         }},
        {"UdpLengthAbovePayload",
         l4_header,
         [] {
             return changed(udp_frame(), kIp + 25, 9);
         }},
        {"UdpPortZero",
         l4_header,
         [] {
             return Talk{.remote_port = 0}.udp(kInto);
         }},
        {"TcpPortZero",
         l4_header,
         [] {
             return Talk{.local_port = 0}.tcp(kInto, {});
         }},
        {"TcpHeaderOf16Bytes",
         l4_header,
         [] {
             return changed(segment(kSyn), kIp + 32, 0x40);
         }},
        {"TcpHeaderPastPacket",
         l4_header,
         [] {
             return changed(segment(kSyn), kIp + 32, 0x60);
         }},
        {"IcmpOfSevenBytes",
         l4_header,
         [] {
             return from("192.0.2.1", "198.51.100.7", 1, bytes({8, 0, 0, 0, 0, 0, 0}));
         }},
        {"NoFlags",
         tcp_flags,
         [] {
             return segment(0);
         }},
        {"FinAlone",
         tcp_flags,
         [] {
             return segment(kFin);
         }},
        {"SynFin",
         tcp_flags,
         [] {
             return segment(kSyn | kFin);
         }},
        {"SynRst",
         tcp_flags,
         [] {
             return segment(kSyn | kRst);
         }},
        {"AllFlags",
         tcp_flags,
         [] {
             return segment(0x3f);
         }},
        {"PushWithoutAck",
         tcp_flags,
         [] {
             return segment(kSyn | kPsh);
         }},
        {"UrgentResetWithoutAck",
         tcp_flags,
         [] {
             return segment(kRst | 32);
         }},
        {"SourceZero",
         martian,
         [] {
             return from("0.0.0.0", "198.51.100.7", 17, udp({1, 2}));
         }},
        {"SourceLoopback",
         martian,
         [] {
             return from("127.0.0.1", "198.51.100.7", 17, udp({1, 2}));
         }},
        {"SourceMulticast",
         martian,
         [] {
             return from("224.0.0.1", "198.51.100.7", 17, udp({1, 2}));
         }},
        {"SourceBroadcast",
         martian,
         [] {
             return from("255.255.255.255", "198.51.100.7", 17, udp({1, 2}));
         }},
        {"ToLoopback",
         martian,
         [] {
             return from("192.0.2.1", "127.0.0.1", 17, udp({1, 2}));
         }},
        {"ToZero",
         martian,
         [] {
             return from("192.0.2.1", "0.0.0.1", 17, udp({1, 2}));
         }},
        {"Source6Loopback",
         martian,
         [] {
             return from("::1", "2001:db8::1", 17, udp({1, 2}));
         }},
        {"Source6Unspecified",
         martian,
         [] {
             return from("::", "2001:db8::1", 17, udp({1, 2}));
         }},
        {"Source6Multicast",
         martian,
         [] {
             return from("ff02::1", "2001:db8::1", 17, udp({1, 2}));
         }},
        {"To6Loopback",
         martian,
         [] {
             return from("2001:db8::1", "::1", 17, udp({1, 2}));
         }},
        {"SourceGroupMac",
         martian,
         [] {
             return changed(udp_frame(), 6, 0x03);
         }},
        {"UnicastToGroupMac",
         martian,
         [] {
             return changed(udp_frame(), 0, 0x03);
         }},
        {"TinyUdpFragment",
         fragment_tiny,
         [] {
             return fragment4(kMore, Bytes(7));
         }},
        {"TinyTcpFragment",
         fragment_tiny,
         [] {
             return fragment4(kMore, Bytes(16), IPPROTO_TCP);
         }},
        {"TcpFragmentAtEight",
         fragment_tiny,
         [] {
             return fragment4(1, Bytes(16), IPPROTO_TCP);
         }},
    };
    return kAll;
}

}  // namespace tollgate::test
