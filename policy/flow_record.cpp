// SPDX-License-Identifier: MIT
#include "policy/flow_record.hpp"

#include <netinet/in.h>

namespace tollgate::policy {

std::string_view label(Link link) {
    switch (link) {
        case Link::unknown:
            break;
        case Link::clear:
            return "clear";
        case Link::tunnel:
            return "tunnel";
    }
    return "unknown";
}

std::uint16_t FlowRecord::service_port() const {
    switch (protocol) {
        case IPPROTO_TCP:
        case IPPROTO_UDP:
            return direction == Direction::egress ? remote_port : local_port;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            return icmp_type;
        default:
            return 0;
    }
}

bool FlowRecord::goes_to_group() const {
    static const IpAddress kBroadcast = *IpAddress::parse("255.255.255.255");
    const IpAddress& destination = direction == Direction::egress ? remote : local;
    return destination.is_multicast() || destination == kBroadcast;
}

}  // namespace tollgate::policy
