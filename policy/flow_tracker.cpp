// SPDX-License-Identifier: MIT
#include "policy/flow_tracker.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <netinet/in.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/parse.h>

namespace tollgate::policy {
namespace {

using std::chrono::nanoseconds;

constexpr unsigned kFin = 1;
constexpr unsigned kSyn = 2;
constexpr unsigned kRst = 4;
constexpr unsigned kAck = 16;
constexpr std::chrono::hours kReportInterval{1};
constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kUdpHeaderSize = 8;

bool is_icmp(std::uint8_t protocol) {
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

bool is_echo_request(const tg_packet& packet) {
    return packet.icmp_type == (packet.key.protocol == IPPROTO_ICMP ? 8 : 128);
}

bool is_echo(const tg_packet& packet) {
    return is_echo_request(packet) ||
           packet.icmp_type == (packet.key.protocol == IPPROTO_ICMP ? 0 : 129);
}

bool is_icmp_error(const tg_packet& packet) {
    const unsigned type = packet.icmp_type;
    return packet.key.protocol == IPPROTO_ICMP ? type == 3 || type == 11 || type == 12
                                               : type >= 1 && type <= 4;
}

bool is_icmp_reply(const tg_packet& packet) {
    const unsigned type = packet.icmp_type;
    return packet.key.protocol == IPPROTO_ICMP ? type == 0 || type == 14 || type == 16 || type == 18
                                               : type == 129;
}

bool is_dhcp(const tg_packet& packet) {
    const unsigned local = ntohs(packet.key.local_port);
    const unsigned remote = ntohs(packet.key.remote_port);
    return packet.key.protocol == IPPROTO_UDP &&
           ((local == 68 && remote == 67) || (local == 546 && remote == 547));
}

// What the baseline owns makes no flow (docs/packet-path.md, section 3).
bool is_baseline(const tg_packet& packet) {
    const unsigned type = packet.icmp_type;
    const bool neighbour_or_mld = (type >= 130 && type <= 137) || type == 143;
    return (packet.flags & (TG_PACKET_ARP | TG_PACKET_EAPOL | TG_PACKET_LLDP)) != 0 ||
           packet.key.protocol == IPPROTO_IGMP || is_dhcp(packet) ||
           (packet.key.protocol == IPPROTO_ICMPV6 && neighbour_or_mld);
}

Direction opposite(Direction direction) {
    return direction == Direction::egress ? Direction::ingress : Direction::egress;
}

IpAddress address_of(const __u8 (&bytes)[16]) {
    IpAddress address;
    std::copy(std::begin(bytes), std::end(bytes), address.bytes.begin());
    return address;
}

// Who opened a TCP connection that is seen from its middle on.
Direction guess_initiator(const tg_packet& packet, Direction direction) {
    if ((packet.tcp_flags & kSyn) != 0) {  // SYN+ACK: from the responder
        return opposite(direction);
    }
    const bool remote_responds = ntohs(packet.key.remote_port) < ntohs(packet.key.local_port);
    return remote_responds ? Direction::egress : Direction::ingress;
}

}  // namespace

bool FlowTracker::Flow::closing() const {
    return reset || (finished[TG_INGRESS] && finished[TG_EGRESS]);
}

nanoseconds FlowTracker::Flow::timeout() const {
    switch (record.protocol) {
        case IPPROTO_TCP:
            if (closing()) {
                return nanoseconds(TG_TCP_CLOSING_NS);
            }
            return nanoseconds(established || record.assured ? TG_TCP_ESTABLISHED_NS
                                                             : TG_TCP_EMBRYO_NS);
        case IPPROTO_UDP:
            return nanoseconds(record.answered ? TG_UDP_STREAM_NS : TG_UDP_EMBRYO_NS);
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            return nanoseconds(TG_ICMP_NS);
        default:
            return nanoseconds(TG_OTHER_NS);
    }
}

FlowTracker::FlowTracker(Sinks sinks, std::size_t flows_max)
    : sinks_(std::move(sinks)), flows_max_(flows_max) {}

void FlowTracker::frame(Direction direction,
                        Timestamp at,
                        std::span<const std::byte> frame,
                        std::uint32_t original_length) {
    const tg_frame bytes{
        frame.data(), frame.data() + frame.size(), original_length, static_cast<__u8>(direction)};
    tg_packet packet{};
    if (tg_parse(&bytes, TG_LINK_CLEAR, 0, &packet) != TG_DROP_NONE || is_baseline(packet) ||
        (packet.flags & TG_PACKET_FRAGMENT_LATER) != 0 ||
        (is_icmp(packet.key.protocol) && is_icmp_error(packet))) {
        return;
    }
    if (is_icmp(packet.key.protocol) && !is_echo(packet)) {
        packet.key.local_port = packet.icmp_type;  // each type is a flow of its own
    }
    Key key;
    std::memcpy(key.data(), &packet.key, sizeof packet.key);
    Flow* flow = flow_of(key, packet, direction, at);
    if (flow == nullptr) {
        return;
    }
    update(*flow, packet, direction, at);
    read_dns(*flow, packet, direction, frame);
}

FlowTracker::Flow* FlowTracker::flow_of(const Key& key,
                                        const tg_packet& packet,
                                        Direction direction,
                                        Timestamp at) {
    const bool opens =
        packet.key.protocol == IPPROTO_TCP && (packet.tcp_flags & (kSyn | kAck)) == kSyn;
    const auto known = by_key_.find(key);
    if (known != by_key_.end()) {
        Flow& flow = *known->second;
        const bool dead = at - flow.record.last_seen > flow.timeout();
        if (!dead && !(opens && flow.closing())) {
            const bool from_initiator = direction == flow.record.direction;
            return opens && !from_initiator ? nullptr : &flow;
        }
        end(known->second);
    }
    const bool reset = packet.key.protocol == IPPROTO_TCP && (packet.tcp_flags & kRst) != 0;
    if (reset || (is_icmp(packet.key.protocol) && is_icmp_reply(packet))) {
        return nullptr;
    }
    return &begin(key, packet, direction, at);
}

FlowTracker::Flow& FlowTracker::begin(const Key& key,
                                      const tg_packet& packet,
                                      Direction direction,
                                      Timestamp at) {
    if (flows_.size() >= flows_max_) {
        end(flows_.begin());
    }
    Flow flow{.key = key, .record = {}, .reported = at};
    FlowRecord& record = flow.record;
    const bool tcp = packet.key.protocol == IPPROTO_TCP;
    record.assured = tcp && (packet.tcp_flags & (kSyn | kAck)) != kSyn;
    record.direction = record.assured ? guess_initiator(packet, direction) : direction;
    record.protocol = packet.key.protocol;
    record.remote = address_of(packet.key.remote);
    record.local = address_of(packet.key.local);
    std::copy(std::begin(packet.remote_mac),
              std::end(packet.remote_mac),
              record.remote_mac.bytes.begin());
    const bool ports = !is_icmp(record.protocol) || is_echo(packet);
    record.remote_port = ports ? ntohs(packet.key.remote_port) : std::uint16_t{0};
    record.local_port = ports ? ntohs(packet.key.local_port) : std::uint16_t{0};
    record.icmp_type = packet.icmp_type;
    record.group = (packet.flags & TG_PACKET_LINK_MULTICAST) != 0;
    record.link = Link::clear;
    record.first_seen = at;
    record.last_seen = at;
    flows_.push_back(flow);
    by_key_[key] = std::prev(flows_.end());
    return flows_.back();
}

void FlowTracker::update(Flow& flow, const tg_packet& packet, Direction direction, Timestamp at) {
    FlowRecord& record = flow.record;
    const bool first = record.packets == std::array<std::uint64_t, TG_DIRECTIONS>{};
    const bool was_answered = record.answered;
    const auto side = static_cast<std::size_t>(direction);
    const bool from_initiator = direction == record.direction;
    record.packets[side] += 1;
    record.bytes[side] += packet.frame_bytes;
    record.last_seen = std::max(record.last_seen, at);
    if (record.protocol == IPPROTO_TCP) {
        flow.reset = (packet.tcp_flags & kRst) != 0;
        flow.finished[side] = flow.finished[side] || (packet.tcp_flags & kFin) != 0;
        const bool synchronizes = (packet.tcp_flags & kSyn) != 0;
        if (!from_initiator && !flow.reset && (synchronizes || record.assured)) {
            record.answered = true;
            flow.answer_sequence = packet.tcp_sequence;
        } else if (from_initiator && record.answered && !flow.reset && !synchronizes) {
            flow.established = flow.established || record.direction == Direction::egress ||
                               packet.tcp_acknowledgement == flow.answer_sequence + 1;
        }
    } else {
        record.answered = record.answered || !from_initiator;
    }
    flows_.splice(flows_.end(), flows_, by_key_.at(flow.key));
    if (first || record.answered != was_answered || at - flow.reported > kReportInterval) {
        report(flow);
    }
}

void FlowTracker::read_dns(const Flow& flow,
                           const tg_packet& packet,
                           Direction direction,
                           std::span<const std::byte> frame) {
    const FlowRecord& record = flow.record;
    if (record.protocol != IPPROTO_UDP || record.direction != Direction::egress ||
        record.remote_port != kDnsPort || (packet.flags & TG_PACKET_FRAGMENT_FIRST) != 0) {
        return;
    }
    const std::size_t start = packet.l4_offset + kUdpHeaderSize;
    const std::size_t size = packet.l4_bytes - kUdpHeaderSize;
    if (start + size > frame.size()) {
        return;
    }
    const DnsQueries::FlowId id(flow.key.begin(), flow.key.end());
    if (direction == Direction::egress) {
        queries_.query(id, frame.subspan(start, size), record.last_seen);
        return;
    }
    for (const NameBinding& binding :
         queries_.answer(id, frame.subspan(start, size), record.last_seen)) {
        sinks_.name(binding);
    }
}

void FlowTracker::report(Flow& flow) {
    flow.reported = flow.record.last_seen;
    sinks_.flow(flow.record);
}

void FlowTracker::end(Flows::iterator flow) {
    report(*flow);
    by_key_.erase(flow->key);
    flows_.erase(flow);
}

void FlowTracker::finish() {
    while (!flows_.empty()) {
        end(flows_.begin());
    }
}

}  // namespace tollgate::policy
