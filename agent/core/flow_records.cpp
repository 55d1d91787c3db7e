// SPDX-License-Identifier: MIT
#include "agent/core/flow_records.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <tollgate/abi/protocol.h>

namespace tollgate::agent {

namespace {

// Of the first packet: no other type makes a flow.
std::uint8_t icmp_type_of(std::uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_ICMP:
            return TG_ICMP_ECHO;
        case IPPROTO_ICMPV6:
            return TG_ICMPV6_ECHO;
        default:
            return 0;
    }
}

}  // namespace

IpAddress to_address(const __u8 (&bytes)[16]) {
    IpAddress address;
    std::copy(std::begin(bytes), std::end(bytes), address.bytes.begin());
    return address;
}

policy::Timestamp to_timestamp(std::uint64_t boot_ns, std::int64_t boot_minus_wall_ns) {
    const std::int64_t wall_ns = static_cast<std::int64_t>(boot_ns) - boot_minus_wall_ns;
    return policy::Timestamp{std::chrono::microseconds{wall_ns / 1000}};
}

policy::FlowRecord to_record(const tg_flow_key& key,
                             const tg_flow& flow,
                             std::int64_t boot_minus_wall_ns) {
    policy::FlowRecord record;
    record.direction = (flow.flags & TG_FLOW_LOCAL_INITIATED) != 0 ? policy::Direction::egress
                                                                   : policy::Direction::ingress;
    record.protocol = key.protocol;
    record.zone = key.zone;
    record.remote = to_address(key.remote);
    record.local = to_address(key.local);
    record.remote_port = ntohs(key.remote_port);
    record.local_port = ntohs(key.local_port);
    record.icmp_type = icmp_type_of(key.protocol);
    record.answered = (flow.flags & TG_FLOW_ANSWERED) != 0;
    record.assured = (flow.flags & TG_FLOW_ASSURED) != 0;
    record.group = record.goes_to_group();
    record.first_seen = to_timestamp(flow.first_seen_ns, boot_minus_wall_ns);
    record.last_seen = to_timestamp(flow.last_seen_ns, boot_minus_wall_ns);
    std::copy(std::begin(flow.packets), std::end(flow.packets), record.packets.begin());
    std::copy(std::begin(flow.bytes), std::end(flow.bytes), record.bytes.begin());
    return record;
}

policy::FlowRecord to_record(const tg_service_key& key,
                             const tg_service& service,
                             std::int64_t boot_minus_wall_ns) {
    policy::FlowRecord record;
    record.direction = static_cast<policy::Direction>(key.direction);
    record.protocol = key.protocol;
    record.zone = key.zone;
    record.remote = to_address(key.remote);
    record.local = to_address(key.local);
    std::copy(std::begin(service.remote_mac),
              std::end(service.remote_mac),
              record.remote_mac.bytes.begin());
    record.icmp_type = icmp_type_of(key.protocol);
    if (record.icmp_type == 0) {
        const bool egress = record.direction == policy::Direction::egress;
        (egress ? record.remote_port : record.local_port) = ntohs(key.port);
    }
    record.answered = service.answered != 0;
    record.group = record.goes_to_group();
    record.first_seen = to_timestamp(service.first_seen_ns, boot_minus_wall_ns);
    record.last_seen = to_timestamp(service.last_seen_ns, boot_minus_wall_ns);
    record.packets.at(key.direction) = service.flows;
    return record;
}

}  // namespace tollgate::agent
