// SPDX-License-Identifier: MIT
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/control/json.hpp"
#include "agent/core/coverage.hpp"
#include "agent/core/flow_records.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

std::string_view label(AttachMode mode) {
    switch (mode) {
        case AttachMode::native:
            return "native";
        case AttachMode::generic:
            return "generic";
        case AttachMode::tc:
            return "tc";
        case AttachMode::none:
            break;
    }
    return "none";
}

std::string_view label(TcHook hook) {
    switch (hook) {
        case TcHook::tcx:
            return "tcx";
        case TcHook::clsact:
            return "clsact";
        case TcHook::none:
            break;
    }
    return "none";
}

Json attach_json(const ProtectedInterface& interface) {
    const Attachment none;
    const Attachment& attachment = interface.attachment ? *interface.attachment : none;
    Json json{{"ingress", label(attachment.ingress)},
              {"egress", label(attachment.egress)},
              {"adopted", attachment.adopted}};
    const std::string& reason =
        interface.attachment ? attachment.fallback_reason : interface.reason;
    if (!reason.empty()) {
        json["fallbackReason"] = reason;
    }
    return json;
}

Json interface_json(Agent& agent, const ProtectedInterface& interface) {
    Json json{{"name", interface.name},
              {"zone", interface.zone},
              {"stage", policy::to_text(agent.warden().stage_of(interface.name))},
              {"attach", attach_json(interface)}};
    for (const tg_direction direction : {TG_INGRESS, TG_EGRESS}) {
        const auto counters = agent.gate().interface_counters(interface.zone, direction);
        json[direction == TG_INGRESS ? "ingress" : "egress"] =
            counters_json(counters.value_or(tg_interface_counters{}));
    }
    return json;
}

Json reasons_json(const __u64 (&counts)[TG_DROP_REASON_COUNT]) {
    Json json = Json::object();
    for (std::size_t i = 0; i < TG_DROP_REASON_COUNT; ++i) {
        if (counts[i] > 0) {
            json[std::string{tollgate::label(static_cast<DropReason>(i))}] = counts[i];
        }
    }
    return json;
}

Json decisions_json(Agent& agent) {
    std::array<std::uint64_t, 3> counts{};
    for (const policy::Candidate& candidate : agent.learning().learner().candidates()) {
        const bool covered = covers(agent.warden().policy()->policy, candidate.rule);
        if (candidate.decision != policy::Decision::pending || !covered) {
            ++counts.at(static_cast<std::size_t>(candidate.decision));
        }
    }
    return {{"pending", counts[0]}, {"approved", counts[1]}, {"rejected", counts[2]}};
}

}  // namespace

Json counters_json(const tg_interface_counters& counters) {
    std::uint64_t dropped = 0;
    for (const __u64 count : counters.drops) {
        dropped += count;
    }
    return {{"passedPackets", counters.passed_packets},
            {"passedBytes", counters.passed_bytes},
            {"droppedPackets", dropped},
            {"droppedBytes", counters.dropped_bytes},
            {"drops", reasons_json(counters.drops)},
            {"wouldDrop", reasons_json(counters.would_drop)}};
}

Json pending_json(const PendingChange& pending, std::uint64_t remaining_ns) {
    return {{"generation", pending.generation.number},
            {"deadline", time_json(pending.deadline_wall_s)},
            {"remaining", remaining_ns / TG_SECOND},
            {"change", pending.change}};
}

Json status_json(Agent& agent) {
    const Warden& warden = agent.warden();
    const Generation& generation = warden.in_force();
    const std::uint64_t now = agent.clock().boot_ns();
    utsname kernel{};
    ::uname(&kernel);

    Json json = envelope("Status");
    json["version"] = TOLLGATE_VERSION;
    json["pid"] = ::getpid();
    json["uptime"] = (now - agent.started_ns()) / TG_SECOND;
    json["kernel"] = kernel.release;
    json["generation"] = generation.number;
    if (!generation.hash.empty()) {
        json["policyName"] = warden.policy()->policy.name;
        json["policyHash"] = generation.hash;
    }
    json["open"] = warden.state().open;
    if (const auto deadline = warden.deadline_ns()) {
        json["pending"] =
            pending_json(*warden.state().pending, *deadline > now ? *deadline - now : 0);
    }
    if (const auto& file = agent.policy_file()) {
        json["policyFile"] = {{"path", file->path}, {"state", label(file->state)}};
    }
    json["interfaces"] = Json::array();
    for (const ProtectedInterface& interface : agent.watch().interfaces()) {
        json["interfaces"].push_back(interface_json(agent, interface));
    }
    const policy::LearnStatus learned = agent.learning().learner().status();
    json["learn"] = {{"readiness", learned.readiness.percent / 100.0},
                     {"candidates", decisions_json(agent)}};
    if (learned.flows > 0) {
        json["learn"]["since"] = time_json(learned.first_seen);
    }
    json["tables"] = Json::array();
    for (const Gate::TableUse& use : agent.gate().tables()) {
        json["tables"].push_back({{"table", use.table}, {"used", use.used}, {"limit", use.limit}});
    }
    const tg_gate_counters counters = agent.gate().gate_counters().value_or(tg_gate_counters{});
    json["events"] = {{"sent", counters.events_sent}, {"lost", counters.events_lost}};
    json["stateDir"] = agent.options().state_dir.string();
    json["configFile"] = agent.options().config_file.string();
    if (const auto& metrics = agent.options().metrics) {
        const bool ipv6 = metrics->host.find(':') != std::string::npos;
        json["metrics"] = ipv6 ? fmt::format("[{}]:{}", metrics->host, metrics->port)
                               : fmt::format("{}:{}", metrics->host, metrics->port);
    }
    json["auditLog"] = {{"head", agent.audit_log().head().to_text()},
                        {"failures", agent.audit_log().failures()}};
    json["warnings"] = agent.warnings();
    return json;
}

Json learn_status_json(Agent& agent) {
    const policy::LearnStatus status = agent.learning().learner().status();
    Json json = envelope("LearnStatus");
    json["readiness"] = {{"score", status.readiness.percent / 100.0},
                         {"novelty", status.readiness.novelty},
                         {"hourCoverage", status.readiness.coverage},
                         {"text", status.readiness.text}};
    if (status.flows > 0) {
        json["since"] = time_json(status.first_seen);
    }
    json["observations"] = status.flows;
    json["services"] = status.services;
    json["candidates"] = agent.learning().learner().candidates().size();
    json["overflow"] = status.refused;
    json["names"] = status.names;
    return json;
}

Json candidate_json(const policy::Candidate& candidate, bool covered) {
    Json services = Json::array();
    for (const policy::Service& service : candidate.rule.services) {
        services.push_back(policy::to_text(service));
    }
    const policy::ServiceEvidence& evidence = candidate.evidence;
    std::string note = candidate.risk;
    if (!candidate.reason.empty()) {
        note += (note.empty() ? "" : "; ") + candidate.reason;
    }
    const bool questionable = candidate.wide || candidate.objection != policy::Objection::none;
    return {{"id", candidate.id},
            {"state", policy::label(candidate.decision)},
            {"direction", policy::to_text(candidate.rule.direction)},
            {"remote", policy::remote_text(candidate.rule)},
            {"via", policy::to_text(candidate.rule.via)},
            {"services", services},
            {"packets", evidence.packets},
            {"flows", evidence.flows},
            {"firstSeen", time_json(evidence.first_seen)},
            {"lastSeen", time_json(evidence.last_seen)},
            {"hours", evidence.hours.count()},
            {"rule", candidate.proposed() ? candidate.rule.name : ""},
            {"risk",
             !candidate.risk.empty() ? "high"
             : questionable          ? "medium"
                                     : "low"},
            {"note", note},
            {"covered", covered}};
}

Json flow_json(const JudgedFlow& judged) {
    const policy::FlowRecord& flow = judged.flow;
    Json json{{"time", time_json(flow.first_seen)},
              {"direction", policy::to_text(flow.direction)},
              {"protocol", policy::protocol_text(flow.protocol)},
              {"remote", flow.remote.to_string()}};
    if (!judged.name.empty()) {
        json["remoteName"] = judged.name;
    }
    json["link"] = policy::label(flow.link);
    if (!flow.peer.empty()) {
        json["peer"] = flow.peer;
    }
    json["remotePort"] = flow.remote_port;
    json["local"] = flow.local.to_string();
    json["localPort"] = flow.local_port;
    if (flow.icmp_type != 0) {
        json["icmpType"] = flow.icmp_type;  // the ports are the identifier of an echo
    }
    json["packets"] = flow.packets[TG_INGRESS] + flow.packets[TG_EGRESS];
    json["bytes"] = flow.bytes[TG_INGRESS] + flow.bytes[TG_EGRESS];
    json["verdict"] = judged.passes() ? "pass" : "drop";
    if (!judged.passes()) {
        json["reason"] = tollgate::label(judged.reason);
    }
    if (!judged.rule.empty()) {
        json["rule"] = judged.rule;
    }
    return json;
}

}  // namespace tollgate::agent
