// SPDX-License-Identifier: MIT
#include "tests/differential/frame_source.hpp"

#include <algorithm>

#include "tests/support/dns.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint32_t kIsn = 5000;  // of every SYN+ACK, so that handshakes complete

const std::vector<IpAddress>& locals(bool ipv4) {
    static const std::vector<IpAddress> kFour{ip("198.51.100.7"), ip("198.51.100.8")};
    static const std::vector<IpAddress> kSix{ip("2001:db8:7::7"), ip("fe80::7")};
    return ipv4 ? kFour : kSix;
}

std::uint8_t icmp_of(bool ipv4) {
    return ipv4 ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
}

// Where the IP packet begins.
std::size_t network_offset(const Bytes& frame) {
    std::size_t offset = 12;
    while (offset + 2 <= frame.size()) {
        const auto high = std::to_integer<unsigned>(frame[offset]);
        const auto low = std::to_integer<unsigned>(frame[offset + 1]);
        const unsigned type = high << 8U | low;
        if (type != 0x8100 && type != 0x88a8) {
            break;
        }
        offset += 4;
    }
    return std::min(offset + 2, frame.size());
}

}  // namespace

const std::vector<IpAddress>& FrameSource::remotes(bool ipv4) {
    static const std::vector<IpAddress> kFour{ip("192.0.2.1"),
                                              ip("192.0.2.53"),
                                              ip("192.0.2.130"),
                                              ip("203.0.113.5"),
                                              ip("203.0.113.99"),
                                              ip("224.0.0.251"),
                                              ip("10.1.2.3"),
                                              ip("169.254.9.9")};
    static const std::vector<IpAddress> kSix{ip("2001:db8::1"),
                                             ip("2001:db8::53"),
                                             ip("2001:db8:8000::9"),
                                             ip("fe80::1"),
                                             ip("ff02::fb")};
    return ipv4 ? kFour : kSix;
}

const std::vector<std::uint16_t>& FrameSource::ports() {
    static const std::vector<std::uint16_t> kPorts{22, 53, 80, 443, 1023, 1024, 5353, 8883, 40000};
    return kPorts;
}

const std::vector<std::string>& FrameSource::peers() {
    static const std::vector<std::string> kPeers{"nvr", "desk", "site-2"};
    return kPeers;
}

const std::vector<std::string>& FrameSource::names() {
    static const std::vector<std::string> kNames{
        "example.com", "www.example.com", "a.b.example.net", "example.net", "cdn.test"};
    return kNames;
}

std::uint32_t FrameSource::below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_() % bound);  // the same on every library
}

Talk FrameSource::any_talk() {
    const bool ipv4 = !once_in(3);
    Talk talk;
    talk.remote = one_of(remotes(ipv4));
    talk.local = one_of(locals(ipv4));
    talk.remote_port = one_of(ports());
    talk.local_port = once_in(3) ? one_of(ports()) : static_cast<std::uint16_t>(40000 + below(8));
    talk.remote_mac.bytes[5] = static_cast<std::uint8_t>(1 + below(3));
    return talk;
}

Sent FrameSource::next() {
    Sent sent;
    if (!waiting_.empty() && once_in(3)) {
        sent = waiting_.front();
        waiting_.pop_front();
    } else {
        const std::uint32_t kind = below(100);
        sent = kind < 38   ? tcp_segment()
               : kind < 50 ? datagram()
               : kind < 60 ? dns_message()
               : kind < 68 ? ping()
               : kind < 76 ? icmp_error()
               : kind < 86 ? fragment()
               : kind < 93 ? baseline_packet()
                           : other_protocol();
    }
    recent_.push_back(sent);
    if (recent_.size() > 64) {
        recent_.pop_front();
    }
    if (once_in(6)) {
        damage(sent);
    }
    return sent;
}

EthernetFields FrameSource::link(const Talk& talk, Direction direction) {
    EthernetFields fields = talk.link(direction);
    const IpAddress& to = direction == kIn ? talk.local : talk.remote;
    if (to.is_multicast() || once_in(50)) {
        fields.destination.bytes[0] = 0x33;
    }
    if (once_in(100)) {
        fields.source.bytes[0] |= 1U;
    }
    const std::uint32_t tags = once_in(6) ? 1 + below(3) : 0;
    for (std::uint32_t i = 0; i < tags; ++i) {
        const std::uint16_t type = once_in(2) ? 0x8100 : 0x88a8;
        fields.tags.emplace_back(type, static_cast<std::uint16_t>(below(0x10000)));
    }
    return fields;
}

Bytes FrameSource::any_options() {
    static const std::vector<Bytes> kOptions{
        bytes({1, 1, 1, 0}),                // no operation, end
        bytes({148, 4, 0, 0}),              // router alert
        bytes({7, 7, 4, 0, 0, 0, 0, 0}),    // record route
        bytes({68, 8, 5, 0, 0, 0, 0, 0}),   // timestamp
        bytes({131, 7, 4, 0, 0, 0, 0, 0}),  // loose source route
        bytes({1, 137, 7, 4, 0, 0, 0, 0}),  // strict source route
        bytes({0, 131, 7, 4, 0, 0, 0, 0}),  // behind the end
        bytes({30, 1, 0, 0}),               // too short
        bytes({30, 9, 0, 0, 0, 0, 0, 0}),   // too long
        bytes({1, 1, 1, 30}),               // no length
        Bytes(40, std::byte{1}),
    };
    return one_of(kOptions);
}

Bytes FrameSource::with_extensions(std::uint8_t& next, Bytes inside) {
    static const std::vector<std::uint8_t> kTypes{
        IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH, IPPROTO_FRAGMENT, IPPROTO_HOPOPTS};
    const std::uint32_t count = 1 + below(once_in(6) ? 10 : 3);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint8_t type = one_of(kTypes);
        if (type == IPPROTO_FRAGMENT) {
            inside = fragment6(next, 0, below(4), inside);
        } else if (type == IPPROTO_AH) {
            Bytes header = bytes({next, 4U, 0, 0});  // (4 + 2) · 4 bytes
            header.resize(24);
            append(header, inside);
            inside = header;
        } else {
            const unsigned routing_type = once_in(3) ? 0 : 4;
            inside = extension(next, bytes({routing_type, 0, 0, 0, 0, 0}), inside);
        }
        next = type;
    }
    return inside;
}

Sent FrameSource::wrap(const Talk& talk,
                       Direction direction,
                       std::uint8_t protocol,
                       const Bytes& transport) {
    IpFields fields = talk.fields(direction, protocol);
    fields.identification = static_cast<std::uint16_t>(below(4));
    Bytes payload = transport;
    if (talk.remote.is_ipv4()) {
        fields.options = once_in(8) ? any_options() : Bytes{};
    } else if (once_in(5)) {
        fill_checksum(payload, fields);
        payload = with_extensions(fields.protocol, payload);
    }
    return {ip_frame(fields, payload, link(talk, direction)), direction};
}

Sent FrameSource::tcp_segment() {
    static const std::vector<std::uint8_t> kUsual{
        kSyn, kSyn, kSyn | kAck, kAck, kAck, kAck | kPsh, kFin | kAck, kRst, kRst | kAck};
    const Talk talk = any_talk();
    Direction direction = any_direction();
    TcpFields segment;
    segment.flags = once_in(10) ? static_cast<std::uint8_t>(below(256)) : one_of(kUsual);
    segment.sequence = kIsn;
    segment.acknowledgement = once_in(4) ? below(10000) : kIsn + 1;
    segment.options = once_in(6) ? bytes({2, 4, 5, 180}) : Bytes{};
    if (segment.flags == kSyn && once_in(2)) {  // the handshake goes on
        const Direction back = direction == kIn ? kOut : kIn;
        waiting_.push_back({talk.tcp(back, {kSyn | kAck, kIsn, 1001}), back});
        waiting_.push_back({talk.tcp(direction, {kAck, 1001, kIsn + 1}), direction});
    }
    return wrap(talk,
                direction,
                IPPROTO_TCP,
                tcp(talk.ports(direction), segment, Bytes(std::size_t{10} * below(3))));
}

Sent FrameSource::datagram() {
    const Talk talk = any_talk();
    const Direction direction = any_direction();
    Bytes payload = udp(talk.ports(direction), Bytes(below(40)));
    if (once_in(20)) {
        put16(payload, 4, below(64));
    }
    if (once_in(3)) {
        const Direction back = direction == kIn ? kOut : kIn;
        waiting_.push_back({talk.udp(back), back});
        waiting_.push_back({talk.udp(direction), direction});
    }
    return wrap(talk, direction, once_in(20) ? IPPROTO_UDPLITE : IPPROTO_UDP, payload);
}

Sent FrameSource::dns_message() {
    Talk talk = any_talk();
    talk.remote_port = 53;
    DnsMessage message = dns_query(one_of(names()));
    message.id = static_cast<std::uint16_t>(below(3));
    message.type = once_in(2) ? kTypeA : kTypeAaaa;
    DnsMessage answer = message;
    answer.flags = once_in(10) ? below(0x10000) : 0x8180U;
    std::string owner;
    if (once_in(2)) {
        owner = one_of(names());
        answer.answers.push_back(cname_record("", owner));
    }
    for (std::uint32_t i = below(4); i > 0; --i) {
        const IpAddress host = one_of(remotes(!once_in(3)));
        answer.answers.push_back(
            address_record(once_in(8) ? one_of(names()) : owner, host, below(2'000'000)));
        answer.answers.back().dns_class = once_in(20) ? 3 : 1;
    }
    answer.id = once_in(10) ? 7 : answer.id;
    Bytes wire = answer.wire();
    if (once_in(10)) {
        wire[below(static_cast<std::uint32_t>(wire.size()))] = static_cast<std::byte>(below(256));
    }
    waiting_.push_back({talk.udp(kIn, wire), kIn});
    return wrap(talk, kOut, IPPROTO_UDP, udp(talk.ports(kOut), message.wire()));
}

Sent FrameSource::ping() {
    const Talk talk = any_talk();
    const Direction direction = any_direction();
    const bool ipv4 = talk.remote.is_ipv4();
    const unsigned request = ipv4 ? 8 : 128;
    const unsigned reply = ipv4 ? 0 : 129;
    const auto identifier = static_cast<std::uint16_t>(below(3));
    const unsigned type = once_in(4) ? below(256) : once_in(2) ? request : reply;
    if (type == request && once_in(2)) {
        const Direction back = direction == kIn ? kOut : kIn;
        waiting_.push_back({talk.icmp(back, echo(reply, identifier)), back});
    }
    return wrap(talk, direction, icmp_of(ipv4 != once_in(40)), echo(type, identifier));
}

Sent FrameSource::icmp_error() {
    if (recent_.empty()) {
        return ping();
    }
    const Sent& about = recent_[below(static_cast<std::uint32_t>(recent_.size()))];
    const std::size_t start = network_offset(about.frame);
    Bytes quoted(about.frame.begin() + static_cast<std::ptrdiff_t>(start), about.frame.end());
    quoted.resize(std::min<std::size_t>(quoted.size(), once_in(3) ? below(60) : 200));
    Talk talk = any_talk();
    const bool ipv4 = talk.remote.is_ipv4();
    const Direction direction = about.direction == kIn ? kOut : kIn;
    const std::size_t source = ipv4 ? 12 : 8;
    const std::size_t width = ipv4 ? 4 : 16;
    IpAddress& receiver = direction == kIn ? talk.local : talk.remote;
    if (quoted.size() >= source + width && !once_in(8)) {  // to whom the packet came from
        std::transform(quoted.begin() + static_cast<std::ptrdiff_t>(source),
                       quoted.begin() + static_cast<std::ptrdiff_t>(source + width),
                       receiver.bytes.end() - static_cast<std::ptrdiff_t>(width),
                       [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    }
    static const std::vector<std::uint8_t> kErrors4{3, 11, 12, 4, 5};
    const unsigned type = ipv4 ? one_of(kErrors4) : 1 + below(5);
    return wrap(talk, direction, icmp_of(ipv4), icmp(type, 0, 0, quoted));
}

Sent FrameSource::fragment() {
    const Talk talk = any_talk();
    const Direction direction = any_direction();
    const bool is_tcp = once_in(3);
    const Bytes whole = is_tcp ? tcp(talk.ports(direction), {kSyn}, Bytes(52))
                               : udp(talk.ports(direction), Bytes(64));
    const std::uint8_t protocol = is_tcp ? IPPROTO_TCP : IPPROTO_UDP;
    const std::uint32_t id = below(6);
    const auto part = [&](std::uint32_t from, std::uint32_t to, bool more) {
        const Bytes slice(whole.begin() + from, whole.begin() + to);
        IpFields fields = talk.fields(direction, protocol);
        fields.checksum = false;
        fields.identification = static_cast<std::uint16_t>(id);
        fields.fragment = static_cast<std::uint16_t>((more ? 0x2000U : 0U) | from / 8);
        Bytes payload = slice;
        if (!talk.remote.is_ipv4()) {
            payload = fragment6(protocol, from | (more ? 1U : 0U), id, slice);
            fields.protocol = IPPROTO_FRAGMENT;
            if (once_in(6)) {
                payload = extension(IPPROTO_FRAGMENT, bytes({1, 4, 0, 0, 0, 0}), payload);
                fields.protocol = IPPROTO_DSTOPTS;
            }
        }
        return Sent{ip_frame(fields, payload, link(talk, direction)), direction};
    };
    const std::uint32_t split = 8 * (1 + below(8));
    const std::uint32_t second = once_in(4) ? 8 * (1 + below(8)) : split;
    waiting_.push_back(part(second, 72, false));
    return part(0, split, true);
}

Sent FrameSource::baseline_packet() {
    Talk talk = any_talk();
    const Direction direction = any_direction();
    const std::uint32_t kind = below(6);
    if (kind == 0) {
        Bytes arp = bytes({0, 1, 8, 0, 6, 4, 0, 1 + below(3), 2, 0, 0, 0, 0, 1});
        arp.resize(once_in(8) ? below(28) + 1 : 28);
        return {ethernet(link(talk, direction), 0x0806, arp), direction};
    }
    if (kind == 1) {
        static const std::vector<std::uint16_t> kTypes{0x888e, 0x88cc, 0x88f7, 0x05dc, 0x8863};
        return {ethernet(link(talk, direction), one_of(kTypes), Bytes(46)), direction};
    }
    if (kind == 2) {
        talk.remote_port = once_in(2) ? 67 : 547;
        talk.local_port = talk.remote_port == 67 ? 68 : 546;
        if (talk.remote_port == 547) {
            talk.local = ip("fe80::7");
            talk.remote = once_in(2) ? ip("ff02::1:2") : ip("fe80::1");
        }
        return wrap(talk, direction, IPPROTO_UDP, udp(talk.ports(direction), Bytes(20)));
    }
    if (kind == 3) {
        static const std::vector<std::uint8_t> kIgmp{0x11, 0x12, 0x16, 0x17, 0x22, 0x13};
        return wrap(talk, direction, IPPROTO_IGMP, icmp(one_of(kIgmp)));
    }
    IpFields fields = talk.fields(direction, IPPROTO_ICMPV6);
    fields.source = once_in(8) ? ip("::") : once_in(4) ? ip("2001:db8::1") : ip("fe80::1");
    fields.destination = once_in(2) ? ip("ff02::1") : ip("fe80::7");
    fields.hop_limit = kind == 4 ? (once_in(8) ? 254 : 255) : (once_in(8) ? 2 : 1);
    const unsigned type = kind == 4 ? 133 + below(5) : 130 + below(3);
    const Bytes message = icmp(once_in(6) ? 143 : type, once_in(12) ? 1 : 0, 0, Bytes(below(24)));
    return {ip_frame(fields, message, link(talk, direction)), direction};
}

Sent FrameSource::other_protocol() {
    static const std::vector<std::uint8_t> kProtocols{IPPROTO_GRE,
                                                      IPPROTO_ESP,
                                                      IPPROTO_AH,
                                                      IPPROTO_SCTP,
                                                      IPPROTO_IPIP,
                                                      IPPROTO_IPV6,
                                                      59,
                                                      200,
                                                      89};
    return wrap(any_talk(), any_direction(), one_of(kProtocols), Bytes(below(24)));
}

// Cuts the frame short, changes bytes of it, or repairs the checksum after a change.
void FrameSource::damage(Sent& sent) {
    constexpr std::size_t kLeast = 14;
    Bytes& frame = sent.frame;
    if (once_in(3)) {
        const auto size = static_cast<std::uint32_t>(frame.size());
        frame.resize(std::max<std::size_t>(kLeast, below(size + 1)));
        return;
    }
    for (std::uint32_t i = 1 + below(3); i > 0; --i) {
        const auto reach = static_cast<std::uint32_t>(std::min<std::size_t>(frame.size(), 90));
        frame[below(reach)] = static_cast<std::byte>(below(256));
    }
    const std::size_t start = network_offset(frame);
    const bool is_ipv4 =
        frame.size() >= start + 60 && std::to_integer<unsigned>(frame[start]) >> 4U == 4;
    if (is_ipv4 && once_in(2)) {
        fill_ipv4_checksum(frame, start);
    }
}

}  // namespace tollgate::test
