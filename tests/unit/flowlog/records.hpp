// SPDX-License-Identifier: MIT
#pragma once

#include "agent/flowlog/record.hpp"
#include "tests/support/flows.hpp"

/// Builds flow log records.
namespace tollgate::test {

/// Two minutes of a flow of 192.168.1.50 to 443 of 192.0.2.10 that ended: 5 packets with 500 bytes
/// out, 4 with 400 in.
inline agent::FlowLogRecord ended_flow() {
    agent::FlowLogRecord record;
    record.type = agent::FlowLogType::end;
    record.end = agent::FlowEnd::closed;
    record.flow = flow_to("192.0.2.10");
    record.total_packets = {40, 50};
    record.total_bytes = {4000, 5000};
    record.generation = 7;
    record.interface = "eth0";
    record.rule = "web";
    record.remote_name = "www.example.org";
    return record;
}

/// Three SYNs of 198.51.100.7 to 23 of 192.168.1.50 that no rule allows.
inline agent::FlowLogRecord dropped() {
    agent::FlowLogRecord record;
    record.type = agent::FlowLogType::drop;
    record.flow = flow_from("198.51.100.7", 23);
    record.flow.packets = {3, 0};
    record.flow.bytes = {0, 0};
    record.reason = TG_DROP_POLICY_DEFAULT;
    record.tcp_flags = 0x02;
    record.interface = "eth0";
    return record;
}

/// An echo request of 2001:db8::1 and its answer.
inline agent::FlowLogRecord echo6() {
    agent::FlowLogRecord record = ended_flow();
    record.end = agent::FlowEnd::idle;
    record.flow = flow_from("2001:db8::1", 77);
    record.flow.local = ip("2001:db8::50");
    record.flow.protocol = IPPROTO_ICMPV6;
    record.flow.icmp_type = 128;
    record.flow.packets = {1, 1};
    record.flow.bytes = {118, 118};
    return record;
}

}  // namespace tollgate::test
