// SPDX-License-Identifier: MIT
#include "agent/control/json.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent/core/flow_records.hpp"
#include "policy/explain.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

struct CodeText {
    std::string_view name;
    int status;
};

CodeText text_of(Refusal::Code code) {
    switch (code) {
        case Refusal::Code::invalid:
            return {"invalid", 400};
        case Refusal::Code::forbidden:
            return {"forbidden", 403};
        case Refusal::Code::not_found:
            return {"notFound", 404};
        case Refusal::Code::pending:
            return {"pending", 409};
        case Refusal::Code::risk:
            return {"risk", 409};
        case Refusal::Code::same_connection:
            return {"sameConnection", 409};
        case Refusal::Code::policy_invalid:
            return {"policyInvalid", 422};
        case Refusal::Code::internal:
            return {"internal", 500};
        case Refusal::Code::unavailable:
            return {"unavailable", 503};
    }
    return {"internal", 500};
}

Json problem_json(const policy::Problem& problem) {
    Json json{
        {"line", problem.mark.line}, {"column", problem.mark.column}, {"message", problem.message}};
    if (!problem.hint.empty()) {
        json["hint"] = problem.hint;
    }
    return json;
}

bool is_icmp(std::uint8_t protocol) {
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

MacAddress mac_of(const tg_event& record) {
    MacAddress mac;
    std::copy(std::begin(record.remote_mac), std::end(record.remote_mac), mac.bytes.begin());
    return mac;
}

// What the record tells of the sides of the flow; of a frame that is not IP, or not whole, the MAC
// address.
void add_sides(Json& json, const ObservedEvent& event) {
    const tg_event& record = event.record;
    const IpAddress remote = to_address(record.key.remote);
    if (record.key.protocol != 0) {
        json["protocol"] = policy::protocol_text(record.key.protocol);
        json["remotePort"] = ntohs(record.key.remote_port);
        json["localPort"] = ntohs(record.key.local_port);
    }
    if (record.key.protocol != 0 || remote != IpAddress{}) {
        json["remote"] = remote.to_string();
        json["local"] = to_address(record.key.local).to_string();
    } else if (const MacAddress mac = mac_of(record); mac != MacAddress{}) {
        json["remoteMac"] = mac.to_string();
    }
    if (!event.name.empty()) {
        json["remoteName"] = event.name;
    }
    if (!event.peer.empty()) {
        json["peer"] = event.peer;
    }
    if (record.key.protocol == IPPROTO_TCP) {
        json["tcpFlags"] = policy::tcp_flags_text(record.tcp_flags);
    } else if (is_icmp(record.key.protocol)) {
        json["icmpType"] = record.icmp_type;
    }
}

// The tuple that the data path judged, as far as the event tells.
policy::Tuple tuple_of(const ObservedEvent& event) {
    const tg_event& record = event.record;
    policy::Tuple tuple;
    tuple.direction = static_cast<policy::Direction>(record.direction);
    tuple.remote = to_address(record.key.remote);
    if (!event.name.empty()) {
        tuple.names = {event.name};
    }
    const bool ingress = record.direction == TG_INGRESS;
    const std::uint16_t port =
        is_icmp(record.key.protocol)
            ? record.icmp_type
            : ntohs(ingress ? record.key.local_port : record.key.remote_port);
    tuple.service = {record.key.protocol, port, port};
    tuple.link = event.link;
    tuple.peer = event.peer;
    return tuple;
}

std::vector<std::string> nearest(const ObservedEvent& event, const LoadedPolicy& policy) {
    std::vector<std::string> lines;
    const auto now = policy::WallTime{
        std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds{event.wall_ns})};
    const auto explained = policy::explain(policy.policy, tuple_of(event), now);
    for (const policy::NearMiss& miss : explained.near_misses) {
        lines.push_back(miss.to_string());
    }
    return lines;
}

}  // namespace

Json envelope(std::string_view kind) {
    return Json{{"apiVersion", "tollgate/v1"}, {"kind", kind}};
}

std::string time_json(std::int64_t wall_seconds) {
    return policy::to_text(policy::WallTime{std::chrono::seconds{wall_seconds}});
}

std::string time_json(policy::Timestamp at) {
    return policy::to_text(std::chrono::floor<std::chrono::seconds>(at));
}

int http_status(const Refusal& refusal) {
    return text_of(refusal.code).status;
}

Json error_json(const Refusal& refusal) {
    Json error{{"code", text_of(refusal.code).name}, {"message", refusal.message}};
    if (!refusal.hint.empty()) {
        error["hint"] = refusal.hint;
    }
    if (!refusal.risk.empty()) {
        error["risk"] = refusal.risk;
    }
    if (!refusal.problems.empty()) {
        error["problems"] = Json::array();
        for (const policy::Problem& problem : refusal.problems) {
            error["problems"].push_back(problem_json(problem));
        }
    }
    Json json = envelope("Error");
    json["error"] = std::move(error);
    return json;
}

Json event_json(const ObservedEvent& event,
                const std::string& interface,
                const LoadedPolicy& policy) {
    const tg_event& record = event.record;
    Json json = envelope("Event");
    json["time"] = time_json(policy::Timestamp{std::chrono::microseconds{event.wall_ns / 1000}});
    json["type"] = label(event.type);
    json["packets"] = record.packets;
    if (event.type == EventType::lost) {
        return json;
    }
    json["direction"] = policy::to_text(static_cast<policy::Direction>(record.direction));
    json["interface"] = interface;
    add_sides(json, event);
    json["generation"] = record.generation;
    if (const std::string_view rule = policy.rule_name(record.rule); !rule.empty()) {
        json["rule"] = rule;
    }
    if (event.type == EventType::drop || event.type == EventType::would_drop) {
        json["reason"] = label(static_cast<DropReason>(record.reason));
        if (record.reason == TG_DROP_POLICY_DEFAULT) {
            json["nearest"] = nearest(event, policy);
        }
    }
    return json;
}

}  // namespace tollgate::agent
