// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <netinet/in.h>

#include "policy/flow_record.hpp"
#include "policy/learn.hpp"
#include "tests/support/frame.hpp"

/// Builds flow records, as a device's learner gets them.
namespace tollgate::test {

/// Monday 2026-11-16, 10:00 UTC.
inline constexpr policy::Timestamp kMonday{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 16} + std::chrono::hours(10)};

/// An answered TCP flow to 443 of this remote; `minute` also makes the ephemeral port.
inline policy::FlowRecord flow_to(std::string_view remote, int minute = 0) {
    policy::FlowRecord flow;
    flow.direction = policy::Direction::egress;
    flow.protocol = IPPROTO_TCP;
    flow.remote = ip(remote);
    flow.local = ip("192.168.1.50");
    flow.link = policy::Link::clear;
    flow.remote_port = 443;
    flow.local_port = static_cast<std::uint16_t>(40000 + minute % 20000);
    flow.answered = true;
    flow.first_seen = kMonday + std::chrono::minutes(minute);
    flow.last_seen = flow.first_seen + std::chrono::seconds(5);
    flow.packets = {4, 5};
    flow.bytes = {400, 500};
    return flow;
}

/// An answered TCP flow of this remote to the device's port.
inline policy::FlowRecord flow_from(std::string_view remote, std::uint16_t port, int minute = 0) {
    policy::FlowRecord flow = flow_to(remote, minute);
    flow.direction = policy::Direction::ingress;
    flow.remote_port = static_cast<std::uint16_t>(40000 + minute % 20000);
    flow.local_port = port;
    return flow;
}

inline policy::FlowRecord with_service(policy::FlowRecord flow,
                                       std::uint8_t protocol,
                                       std::uint16_t port) {
    flow.protocol = protocol;
    (flow.direction == policy::Direction::egress ? flow.remote_port : flow.local_port) = port;
    return flow;
}

inline policy::FlowRecord unanswered(policy::FlowRecord flow) {
    flow.answered = false;
    return flow;
}

/// The same inside a tunnel: with this peer, or with nobody who has a name.
inline policy::FlowRecord in_tunnel(policy::FlowRecord flow, std::string peer = {}) {
    flow.zone = 2;
    flow.link = policy::Link::tunnel;
    flow.peer = std::move(peer);
    return flow;
}

/// To a multicast or broadcast address (of the sender's, if the flow comes in).
inline policy::FlowRecord to_group(policy::FlowRecord flow, std::string_view group) {
    (flow.direction == policy::Direction::egress ? flow.remote : flow.local) = ip(group);
    flow.group = true;
    return unanswered(flow);
}

inline policy::NameBinding binding(std::string_view address, std::string name) {
    return {
        ip(address), std::move(name), kMonday - std::chrono::seconds(1), std::chrono::seconds(60)};
}

}  // namespace tollgate::test
