// SPDX-License-Identifier: MIT
#include "agent/cli/simulation_report.hpp"

#include <chrono>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"
#include "policy/notation.hpp"

namespace tollgate::cli {
namespace {

constexpr std::size_t kRowsShown = 40;

std::string protocol_name(std::uint8_t protocol) {
    switch (protocol) {
        case IPPROTO_TCP:
            return "tcp";
        case IPPROTO_UDP:
            return "udp";
        case IPPROTO_ICMP:
            return "icmp";
        case IPPROTO_ICMPV6:
            return "icmpv6";
        default:
            return std::to_string(protocol);
    }
}

Json describe_flow(const policy::BlockedFlow& blocked) {
    const policy::FlowRecord& flow = blocked.flow;
    const bool ingress = flow.direction == policy::Direction::ingress;
    const bool icmp = flow.protocol == IPPROTO_ICMP || flow.protocol == IPPROTO_ICMPV6;
    Json entry{{"time", policy::to_text(std::chrono::floor<std::chrono::seconds>(flow.first_seen))},
               {"direction", ingress ? "ingress" : "egress"},
               {"protocol", protocol_name(flow.protocol)},
               {"remote", flow.remote.to_string()},
               {"remotePort", flow.remote_port},
               {"local", flow.local.to_string()},
               {"localPort", flow.local_port},
               {"packets", blocked.packets},
               {"reason", label(blocked.reason)}};
    if (icmp) {
        entry["icmpType"] = flow.icmp_type;
    }
    if (!blocked.rule.empty()) {
        entry["rule"] = blocked.rule;
    }
    return entry;
}

std::string share(std::uint64_t part, std::uint64_t total) {
    const double percent =
        total == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(total);
    return fmt::format("{} of {} ({:.1f} %)", part, total, percent);
}

/// Flows that differ only in the port of their initiator are one row.
struct Row {
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
};

}  // namespace

Json describe_simulation(const policy::SimulationReport& report, const std::string& policy_name) {
    Json simulation = envelope("Simulation");
    simulation["policy"] = policy_name;
    simulation["flows"] = {{"total", report.flows}, {"blocked", report.blocked.size()}};
    simulation["packets"] = {{"total", report.packets}, {"blocked", report.packets_blocked}};
    simulation["reasons"] = Json::object();
    for (const auto& [reason, packets] : report.blocked_by_reason) {
        simulation["reasons"][std::string{label(reason)}] = packets;
    }
    simulation["blockedFlows"] = Json::array();
    for (const policy::BlockedFlow& blocked : report.blocked) {
        simulation["blockedFlows"].push_back(describe_flow(blocked));
    }
    return simulation;
}

void print_simulation(Screen& screen, const Json& simulation) {
    const Json& flows = object(simulation, "flows");
    const Json& packets = object(simulation, "packets");
    const std::uint64_t blocked = number(flows, "blocked");
    screen.field("policy", text(simulation, "policy"));
    screen.field("flows",
                 share(blocked, number(flows, "total")) + " would be blocked",
                 blocked == 0 ? Tone::good : Tone::warn);
    screen.field("packets",
                 share(number(packets, "blocked"), number(packets, "total")) + " would be dropped");
    std::string reasons;
    for (const auto& [reason, count] : object(simulation, "reasons").items()) {
        reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, count.dump());
    }
    if (!reasons.empty()) {
        screen.field("reasons", reasons);
    }
    std::map<std::array<std::string, 4>, Row> rows;
    for (const Json& flow : list(simulation, "blockedFlows")) {
        const bool ingress = text(flow, "direction") == "ingress";
        const bool icmp = has(flow, "icmpType");
        const auto port = number(flow, icmp ? "icmpType" : ingress ? "localPort" : "remotePort");
        Row& row = rows[{ingress ? "in" : "out",
                         text(flow, "remote"),
                         fmt::format("{}/{}", text(flow, "protocol"), port),
                         text(flow, "reason")}];
        ++row.flows;
        row.packets += number(flow, "packets");
    }
    Table table{{{"DIR"},
                 {"REMOTE"},
                 {"SERVICE"},
                 {"FLOWS", Align::right},
                 {"PACKETS", Align::right},
                 {"REASON"}}};
    std::size_t shown = 0;
    for (const auto& [key, row] : rows) {
        if (shown++ < kRowsShown) {
            table.row({{key[0]},
                       {key[1]},
                       {key[2]},
                       {std::to_string(row.flows)},
                       {std::to_string(row.packets)},
                       {key[3]}});
        }
    }
    if (!table.empty()) {
        table.print(screen);
    }
    if (rows.size() > kRowsShown) {
        screen.line(fmt::format("… and {} more; -o json has them all", rows.size() - kRowsShown));
    }
}

}  // namespace tollgate::cli
