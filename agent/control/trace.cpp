// SPDX-License-Identifier: MIT
#include "agent/control/trace.hpp"

#include <algorithm>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/core/flow_records.hpp"
#include "agent/core/synthetic_frame.hpp"
#include "agent/system/interface.hpp"
#include "policy/explain.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

struct Question {
    SyntheticPacket packet;
    tg_direction direction = TG_INGRESS;
    std::string interface;
    std::uint8_t zone = 0;
    tg_link link = TG_LINK_CLEAR;
    std::uint16_t service = 0;  ///< port or type

    [[nodiscard]] const IpAddress& remote() const {
        return direction == TG_INGRESS ? packet.source : packet.destination;
    }
};

Unexpected<Refusal> invalid(std::string message) {
    return refuse(Refusal::Code::invalid, std::move(message));
}

std::optional<std::uint8_t> protocol_of(const std::string& text) {
    const auto service = policy::parse_service(text == "tcp" || text == "udp" ? text + "/1" : text);
    return service ? std::optional{service->protocol} : std::nullopt;
}

bool has_address(const std::string& interface, const IpAddress& address) {
    const auto addresses = interface_addresses(interface);
    return addresses &&
           std::any_of(addresses->begin(), addresses->end(), [&](const InterfaceAddress& own) {
               return own.address == address;
           });
}

// The direction that was asked for, else the one that the interface's addresses tell.
Answer<void> choose_interface(const Agent& agent, const std::string& wanted, Question& question) {
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        const bool source = has_address(interface.name, question.packet.source);
        const bool destination = has_address(interface.name, question.packet.destination);
        const bool named = interface.name == question.interface;
        if (!named && (!question.interface.empty() || (!source && !destination))) {
            continue;
        }
        question.interface = interface.name;
        question.zone = interface.zone;
        question.link = interface.link;
        if (wanted.empty()) {
            question.direction = source && !destination ? TG_EGRESS : TG_INGRESS;
        }
        return {};
    }
    return refuse(Refusal::Code::not_found,
                  question.interface.empty()
                      ? "neither address is one of a protected interface"
                      : fmt::format("{} is not protected", question.interface),
                  "name the interface: IF:ADDRESS, or --interface");
}

Answer<Question> read_question(Agent& agent, const std::string& body) {
    const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
        return invalid("the body is no JSON object");
    }
    const auto text = [&](const char* key) {
        return json.contains(key) && json[key].is_string() ? json[key].get<std::string>()
                                                           : std::string{};
    };
    const auto number = [&](const char* key) {
        return json.contains(key) && json[key].is_number_unsigned() ? json[key].get<std::uint64_t>()
                                                                    : 0;
    };
    Question question;
    const auto source = IpAddress::parse(text("source"));
    const auto destination = IpAddress::parse(text("destination"));
    const auto protocol = protocol_of(text("protocol"));
    if (!source || !destination || source->is_ipv4() != destination->is_ipv4() || !protocol) {
        return invalid("source and destination are addresses of one family, protocol is a name");
    }
    const std::uint64_t service = number("port") + number("type");
    const bool ports = *protocol == IPPROTO_TCP || *protocol == IPPROTO_UDP;
    if (service > 0xffff || (ports && service == 0)) {
        return invalid("port is from 1 to 65535");
    }
    question.packet.source = *source;
    question.packet.destination = *destination;
    question.packet.protocol = *protocol;
    question.service = static_cast<std::uint16_t>(service);
    question.packet.destination_port = ports ? question.service : 0;
    question.packet.icmp_type = static_cast<std::uint8_t>(ports ? 0 : question.service);
    if (json.contains("tcpFlags")) {
        question.packet.tcp_flags = static_cast<std::uint8_t>(number("tcpFlags"));
    }
    question.interface = text("interface");
    const std::string direction = text("direction");
    question.direction = direction == "egress" ? TG_EGRESS : TG_INGRESS;
    if (auto chosen = choose_interface(agent, direction, question); !chosen) {
        return Unexpected<Refusal>{chosen.error()};
    }
    // Addresses that no network has, so that no rule by MAC matches by chance.
    question.packet.source_mac = {{0x02, 0, 0, 0, 0, 1}};
    question.packet.destination_mac = {{0x02, 0, 0, 0, 0, 2}};
    const MacAddress known = agent.learning().mac_of(question.remote());
    if (known != MacAddress{}) {
        (question.direction == TG_INGRESS ? question.packet.source_mac
                                          : question.packet.destination_mac) = known;
    }
    return question;
}

policy::Explanation explain(Agent& agent, const Question& question) {
    policy::Tuple tuple;
    tuple.direction = static_cast<policy::Direction>(question.direction);
    tuple.remote = question.remote();
    if (const MacAddress mac = agent.learning().mac_of(tuple.remote); mac != MacAddress{}) {
        tuple.mac = mac;
    }
    const auto at = to_timestamp(agent.clock().boot_ns(), agent.clock().boot_minus_wall_ns());
    tuple.names = agent.learning().learner().names().valid(tuple.remote, at);
    tuple.service = {question.packet.protocol, question.service, question.service};
    agent.tunnel_peers().complete(tuple, question.zone);
    return policy::explain(
        agent.warden().policy()->policy, tuple, std::chrono::floor<std::chrono::seconds>(at));
}

Json step(std::string_view name, std::string_view result, std::string detail) {
    return {{"step", name}, {"result", result}, {"detail", std::move(detail)}};
}

Json steps_of(const Question& question, const Trace& met, const policy::Rule* rule) {
    Json steps = Json::array();
    steps.push_back(step("parse",
                         "ok",
                         fmt::format("{} {} {}",
                                     question.packet.source.is_ipv4() ? "ipv4" : "ipv6",
                                     policy::protocol_text(question.packet.protocol),
                                     question.service)));
    steps.push_back(step("stage",
                         policy::to_text(static_cast<policy::Stage>(met.stage)),
                         fmt::format("{}, generation {}", question.interface, met.generation)));
    if (met.stage == TG_STAGE_OPEN) {
        return steps;
    }
    steps.push_back(step("flow",
                         met.flow_hit ? "hit" : "none",
                         met.flow_hit ? "a live flow of this generation" : "a new flow"));
    if (rule != nullptr) {
        steps.push_back(step(policy::to_text(rule->rank), "match", rule->name));
    } else if (!met.flow_hit) {
        steps.push_back(step("rules", "no match", "the default action decides"));
    }
    steps.push_back(step(
        "verdict", met.passed ? "pass" : "drop", met.would_drop ? "enforce would drop it" : ""));
    return steps;
}

}  // namespace

Answer<Json> trace(Agent& agent, const std::string& body) {
    auto question = read_question(agent, body);
    if (!question) {
        return Unexpected<Refusal>{question.error()};
    }
    const auto met =
        agent.gate().trace(question->zone,
                           question->direction,
                           question->link == TG_LINK_TUNNEL ? build_packet(question->packet)
                                                            : build_frame(question->packet));
    if (!met) {
        return refuse(met.error());
    }
    const policy::Explanation explained = explain(agent, *question);
    const policy::Rule* rule = agent.warden().policy()->rule(met->rule);

    Json json = envelope("Trace");
    json["verdict"] = met->passed ? "pass" : "drop";
    json["wouldDrop"] = met->would_drop;
    json["reason"] = label(static_cast<DropReason>(met->reason));
    if (rule != nullptr) {
        json["rule"] = rule->name;
        json["ruleLine"] = rule->mark.line;
    }
    json["stage"] = policy::to_text(static_cast<policy::Stage>(met->stage));
    json["generation"] = met->generation;
    json["flowHit"] = met->flow_hit;
    json["steps"] = steps_of(*question, *met, rule);
    json["nearest"] = Json::array();
    if (met->reason != TG_DROP_NONE) {
        for (const policy::NearMiss& miss : explained.near_misses) {
            json["nearest"].push_back({{"rule", miss.rule->name}, {"why", miss.to_string()}});
        }
    }
    return json;
}

}  // namespace tollgate::agent
