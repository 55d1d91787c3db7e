// SPDX-License-Identifier: MIT
#include "agent/core/effect.hpp"

#include <algorithm>

#include <netinet/in.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

bool counts(const policy::FlowRecord& flow) {
    return flow.answered || flow.direction == policy::Direction::egress;
}

}  // namespace

JudgedFlow judge(const policy::Policy& policy,
                 const RecordedTraffic& traffic,
                 const policy::RecentFlow& recent) {
    const policy::FlowRecord& flow = recent.flow;
    policy::Tuple tuple;
    tuple.direction = flow.direction;
    tuple.remote = flow.remote;
    if (flow.remote_mac != MacAddress{}) {
        tuple.mac = flow.remote_mac;
    }
    tuple.names = traffic.names.around(flow.remote, flow.first_seen);
    if (!recent.name.empty()) {
        tuple.names.push_back(recent.name);
    }
    tuple.service = {flow.protocol, flow.service_port(), flow.service_port()};
    tuple.link = flow.link == policy::Link::tunnel ? TG_LINK_TUNNEL : TG_LINK_CLEAR;
    tuple.peer = flow.peer;
    traffic.tunnels.complete(tuple, flow.zone);  // whose the address is now
    const auto now = std::chrono::floor<std::chrono::seconds>(traffic.now);
    const policy::Explanation explained = policy::explain(policy, tuple, now, 0);

    JudgedFlow judged{flow, recent.name, explained.reason, {}};
    if (explained.decides != nullptr) {
        judged.rule = explained.decides->name;
    }
    const bool failsafe =
        explained.decides != nullptr && explained.decides->rank == policy::Rank::failsafe;
    if (judged.passes() && !failsafe && traffic.blocklist.holds(flow.remote)) {
        judged.reason = DropReason::blocklist;
    }
    return judged;
}

Effect effect_of(const policy::Policy& policy,
                 const RecordedTraffic& traffic,
                 const Session& session) {
    Effect effect;
    effect.session = judge_session(policy, traffic, session);
    policy::Timestamp oldest = traffic.now;
    for (auto recent = traffic.flows.rbegin(); recent != traffic.flows.rend(); ++recent) {
        if (!counts(recent->flow)) {
            continue;
        }
        oldest = std::min(oldest, recent->flow.first_seen);
        JudgedFlow judged = judge(policy, traffic, *recent);
        ++effect.flows;
        if (judged.passes()) {
            ++effect.pass;
            continue;
        }
        ++effect.drop;
        if (effect.would_drop.size() < kEffectFlowsMax) {
            effect.would_drop.push_back(std::move(judged));
        }
    }
    effect.window = std::chrono::ceil<std::chrono::seconds>(traffic.now - oldest);
    return effect;
}

std::optional<JudgedFlow> judge_session(const policy::Policy& policy,
                                        const RecordedTraffic& traffic,
                                        const Session& session) {
    const auto remote = IpAddress::parse(session.remote);
    const auto local = IpAddress::parse(session.local);
    if (!remote || !local) {
        return std::nullopt;
    }
    policy::FlowRecord flow;
    flow.direction = policy::Direction::ingress;
    flow.protocol = IPPROTO_TCP;
    flow.remote = *remote;
    flow.local = *local;
    flow.zone = traffic.tunnels.zone_of(*local);
    flow.remote_port = session.remote_port;
    flow.local_port = session.local_port;
    flow.answered = true;
    flow.first_seen = flow.last_seen = traffic.now;
    // The MAC address of the same remote, if any recorded flow has one.
    for (const policy::RecentFlow& recorded : traffic.flows) {
        if (recorded.flow.remote == *remote && recorded.flow.remote_mac != MacAddress{}) {
            flow.remote_mac = recorded.flow.remote_mac;
        }
    }
    return judge(policy, traffic, {flow, {}});
}

std::string failsafe_for(const Session& session) {
    return fmt::format(
        "failsafe: [{{name: admin-session, direction: ingress, remote: [\"{}\"], "
        "ports: [tcp/{}]}}]",
        session.remote,
        session.local_port);
}

}  // namespace tollgate::agent
