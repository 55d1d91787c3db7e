// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include <netinet/in.h>

#include "agent/flowlog/record.hpp"
#include "tests/support/frame.hpp"

namespace tollgate::test {

inline policy::Timestamp wall_time(std::int64_t milliseconds) {
    return policy::Timestamp{std::chrono::milliseconds{milliseconds}};
}

/// A connection of this host to port 443 of 192.0.2.1 that goes on.
inline agent::FlowLogRecord connection() {
    agent::FlowLogRecord record;
    policy::FlowRecord& flow = record.flow;
    flow.protocol = IPPROTO_TCP;
    flow.remote = ip("192.0.2.1");
    flow.local = ip("192.0.2.10");
    flow.remote_port = 443;
    flow.local_port = 51234;
    flow.link = policy::Link::clear;
    flow.answered = true;
    flow.first_seen = wall_time(1'795'262'400'004);
    flow.last_seen = wall_time(1'795'262'459'960);
    flow.packets = {6, 5};
    flow.bytes = {4321, 640};
    record.total_packets = {16, 15};
    record.total_bytes = {14321, 1640};
    record.generation = 3;
    record.interface = "eth0";
    record.rule = "vendor-ota";
    record.remote_name = "ota.example.com";
    return record;
}

/// The first packets of a connection to port 23 of this host, dropped.
inline agent::FlowLogRecord dropped_connection() {
    agent::FlowLogRecord record;
    record.type = agent::FlowLogType::drop;
    policy::FlowRecord& flow = record.flow;
    flow.direction = policy::Direction::ingress;
    flow.protocol = IPPROTO_TCP;
    flow.remote = ip("198.51.100.7");
    flow.local = ip("192.0.2.10");
    flow.remote_port = 40000;
    flow.local_port = 23;
    flow.link = policy::Link::clear;
    flow.last_seen = wall_time(1'795'262'401'000);
    flow.packets = {4, 0};
    record.reason = TG_DROP_POLICY_DENY;
    record.tcp_flags = 2;
    record.generation = 3;
    record.interface = "eth0";
    record.rule = "no-telnet";
    return record;
}

}  // namespace tollgate::test
