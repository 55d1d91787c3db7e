// SPDX-License-Identifier: MIT
#include <map>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"

namespace tollgate::cli {
namespace {

Tone tone_of_stage(const std::string& stage) {
    if (stage == "enforce") {
        return Tone::good;
    }
    return stage == "open" ? Tone::bad : Tone::warn;
}

void print_title(Screen& screen, const Json& status) {
    const std::string name = text(status, "policyName", "(none)");
    const std::string hash = text(status, "policyHash").substr(0, 12);
    screen.field("agent",
                 fmt::format("tollgated {}, running for {}, pid {}, kernel {}",
                             text(status, "version"),
                             duration_text(std::chrono::seconds{number(status, "uptime")}),
                             number(status, "pid"),
                             text(status, "kernel")));
    screen.field("policy",
                 fmt::format("{}, generation {}{}",
                             name,
                             number(status, "generation"),
                             hash.empty() ? "" : ", hash " + hash));
    if (flag(status, "open")) {
        screen.field("OPEN", "everything passes; close with: tollgate enforce", Tone::bad);
    }
}

void print_pending(Screen& screen, const Json& pending) {
    const auto deadline = parse_time(text(pending, "deadline"));
    screen.field("PENDING",
                 fmt::format("{} (generation {}) reverts at {}, in {}, unless: tollgate confirm",
                             text(pending, "change"),
                             number(pending, "generation"),
                             deadline ? clock_text(*deadline, screen.now()) : "?",
                             duration_text(std::chrono::seconds{number(pending, "remaining")})),
                 Tone::warn);
}

std::string attachment(const Json& attach) {
    const std::string ingress = text(attach, "ingress");
    return fmt::format("{}/{}", ingress == "tc" ? "tc" : "xdp " + ingress, text(attach, "egress"));
}

void print_interfaces(Screen& screen, const Json& interfaces) {
    Table table{{{"INTERFACE"},
                 {"STAGE"},
                 {"ATTACHED"},
                 {"PASSED IN", Align::right},
                 {"DROPPED IN", Align::right},
                 {"PASSED OUT", Align::right},
                 {"DROPPED OUT", Align::right}}};
    for (const Json& interface : interfaces) {
        const Json& in = object(interface, "ingress");
        const Json& out = object(interface, "egress");
        const std::string stage = text(interface, "stage");
        table.row({{text(interface, "name")},
                   {stage, tone_of_stage(stage)},
                   {attachment(object(interface, "attach"))},
                   {count_text(number(in, "passedPackets"))},
                   {count_text(number(in, "droppedPackets"))},
                   {count_text(number(out, "passedPackets"))},
                   {count_text(number(out, "droppedPackets"))}});
    }
    if (table.empty()) {
        screen.line("no interface is attached");
    } else {
        table.print(screen);
    }
    for (const Json& interface : interfaces) {
        const std::string reason = text(object(interface, "attach"), "fallbackReason");
        if (!reason.empty()) {
            screen.field(
                "! note", text(interface, "name") + " is not native: " + reason, Tone::warn);
        }
    }
}

/// "policy_default 812, no_flow 3", the most frequent first, of all interfaces and directions.
std::string reasons(const Json& interfaces, const char* kind) {
    std::map<std::string, std::uint64_t> sums;
    for (const Json& interface : interfaces) {
        for (const char* direction : {"ingress", "egress"}) {
            for (const auto& [reason, count] : object(object(interface, direction), kind).items()) {
                sums[reason] += count.is_number_unsigned() ? count.get<std::uint64_t>() : 0;
            }
        }
    }
    std::multimap<std::uint64_t, std::string, std::greater<>> ordered;
    for (const auto& [reason, count] : sums) {
        ordered.emplace(count, reason);
    }
    std::string all;
    for (const auto& [count, reason] : ordered) {
        all += fmt::format("{}{} {}", all.empty() ? "" : ", ", reason, count_text(count));
    }
    return all;
}

std::string tables_text(const Json& tables) {
    std::string all;
    for (const Json& table : tables) {
        all += fmt::format("{}{} {}/{}",
                           all.empty() ? "" : ", ",
                           text(table, "table"),
                           number(table, "used"),
                           number(table, "limit"));
    }
    return all;
}

/// Each part of the agent that is a process of its own, and how it is confined.
void print_processes(Screen& screen, const Json& processes) {
    for (const Json& process : processes) {
        const std::string name = text(process, "name");
        if (!has(process, "pid")) {
            screen.field("! process",
                         fmt::format("{} does not run, it {}", name, text(process, "lastEnd")),
                         Tone::warn);
            continue;
        }
        const std::uint64_t landlock = number(process, "landlock");
        screen.field("process",
                     fmt::format("{}, pid {}, user {}, no capabilities, seccomp, {}",
                                 name,
                                 number(process, "pid"),
                                 number(process, "user"),
                                 landlock == 0 ? std::string{"no Landlock"}
                                               : fmt::format("Landlock {}", landlock)));
    }
}

std::string next_step(const Json& status) {
    const Json& candidates = object(object(status, "learn"), "candidates");
    if (has(status, "pending")) {
        return "tollgate confirm   (from a new connection)";
    }
    if (flag(status, "open")) {
        return "tollgate enforce";
    }
    if (number(candidates, "pending") > 0) {
        return "tollgate learn review";
    }
    for (const Json& interface : list(status, "interfaces")) {
        const std::string stage = text(interface, "stage");
        if (stage == "learn" || stage == "audit") {
            return "tollgate policy diff, then tollgate enforce";
        }
    }
    return {};
}

}  // namespace

void print_status(Screen& screen, const Json& status) {
    print_title(screen, status);
    if (has(status, "pending")) {
        print_pending(screen, object(status, "pending"));
    }
    const Json& learn = object(status, "learn");
    const Json& candidates = object(learn, "candidates");
    const std::string since = screen.since(text(learn, "since"));
    screen.field("learned",
                 fmt::format("{:.0f} % ready, {} pending, {} approved, {} rejected{}",
                             real(learn, "readiness") * 100,
                             number(candidates, "pending"),
                             number(candidates, "approved"),
                             number(candidates, "rejected"),
                             since.empty() ? "" : ", since " + since));
    screen.line();
    const Json& interfaces = list(status, "interfaces");
    print_interfaces(screen, interfaces);
    screen.line();
    if (const std::string dropped = reasons(interfaces, "drops"); !dropped.empty()) {
        screen.field("dropped", dropped);
    }
    if (const std::string would = reasons(interfaces, "wouldDrop"); !would.empty()) {
        screen.field("would", "drop when enforcing: " + would);
    }
    screen.field("tables", tables_text(list(status, "tables")));
    const Json& events = object(status, "events");
    const std::uint64_t lost = number(events, "lost");
    screen.field("events",
                 fmt::format("{} sent, {} lost", number(events, "sent"), lost),
                 lost == 0 ? Tone::plain : Tone::warn);
    print_processes(screen, list(status, "processes"));
    for (const Json& warning : list(status, "warnings")) {
        screen.field(
            "! warning", warning.is_string() ? warning.get<std::string>() : "", Tone::warn);
    }
    if (const std::string next = next_step(status); !next.empty()) {
        screen.next(next);
    }
}

}  // namespace tollgate::cli
