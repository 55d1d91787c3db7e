// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"

namespace tollgate::cli {
namespace {

constexpr std::size_t kNameColumns = 28;
constexpr std::size_t kGroupsShown = 10;

std::string remote_of(const Json& rule) {
    const std::string remote = joined(list(rule, "remote"));
    return remote.empty() ? "any" : remote;
}

std::string services_of(const Json& rule) {
    const std::string services = joined(list(rule, "services"));
    return services.empty() ? "any" : services;
}

const char* short_direction(const Json& rule) {
    const std::string direction = text(rule, "direction");
    if (direction == "ingress") {
        return "in";
    }
    return direction == "egress" ? "out" : "both";
}

Tone tone_of_rank(const std::string& rank) {
    return rank == "deny" ? Tone::bad : rank == "allow" ? Tone::good : Tone::plain;
}

std::string match_of(const Json& rule) {
    std::string words = remote_of(rule) + "  " + services_of(rule);
    if (const std::string via = text(rule, "via"); !via.empty()) {
        words += "  via " + via;
    }
    if (const std::string limit = text(rule, "limit"); !limit.empty()) {
        words += "  limit " + limit;
    }
    if (const std::string expires = text(rule, "expires"); !expires.empty()) {
        words += "  until " + expires;
    }
    return words;
}

Tone tone_of_line(const std::string& line) {
    if (line.starts_with('+')) {
        return Tone::good;
    }
    return line.starts_with('-') ? Tone::bad : line.starts_with('~') ? Tone::warn : Tone::plain;
}

std::string service_of_flow(const Json& flow) {
    const bool ingress = text(flow, "direction") == "ingress";
    const std::uint64_t port = number(flow, ingress ? "localPort" : "remotePort");
    const std::string protocol = text(flow, "protocol");
    const bool echo = protocol.starts_with("icmp");  // its ports are the identifier
    return port == 0 || echo ? protocol : fmt::format("{}/{}", protocol, port);
}

/// " from peer nvr", " in a tunnel"; in the clear, as most are: nothing.
std::string way_of_flow(const Json& flow) {
    if (text(flow, "link") != "tunnel") {
        return {};
    }
    const std::string peer = text(flow, "peer");
    const bool ingress = text(flow, "direction") == "ingress";
    return peer.empty() ? " in a tunnel"
                        : fmt::format(" {} peer {}", ingress ? "from" : "to", peer);
}

// Flows that differ only in a port of the initiator: one line.
struct SimilarFlows {
    std::string what;
    std::string reason;
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
};

std::vector<SimilarFlows> group_flows(const Json& flows) {
    std::vector<SimilarFlows> groups;
    for (const Json& flow : flows) {
        const std::string what = fmt::format("{} {} {}{}",
                                             short_direction(flow),
                                             text(flow, "remoteName", text(flow, "remote").c_str()),
                                             service_of_flow(flow),
                                             way_of_flow(flow));
        const std::string reason = text(flow, "reason");
        auto group = std::ranges::find_if(groups, [&](const SimilarFlows& other) {
            return other.what == what && other.reason == reason;
        });
        if (group == groups.end()) {
            group = groups.insert(group, {what, reason});
        }
        ++group->flows;
        group->packets += number(flow, "packets");
    }
    return groups;
}

void print_dropped_flows(Screen& screen, const Json& flows) {
    const std::vector<SimilarFlows> groups = group_flows(flows);
    for (std::size_t i = 0; i < std::min(groups.size(), kGroupsShown); ++i) {
        const SimilarFlows& group = groups[i];
        screen.field("",
                     fmt::format("would DROP {} ({}{}{}{})",
                                 group.what,
                                 group.flows > 1 ? plural(group.flows, "flow") + ", " : "",
                                 plural(group.packets, "packet"),
                                 group.reason.empty() ? "" : ", ",
                                 group.reason),
                     Tone::bad);
    }
    if (groups.size() > kGroupsShown) {
        screen.line(fmt::format("          … and {} more", groups.size() - kGroupsShown));
    }
}

}  // namespace

void print_policy(Screen& screen, const Json& policy) {
    const Json& defaults = object(policy, "defaults");
    screen.field("policy",
                 fmt::format("{}, generation {}, hash {}",
                             text(policy, "name"),
                             number(policy, "generation"),
                             text(policy, "hash").substr(0, 12)));
    screen.field("default",
                 fmt::format("in {}, out {}", text(defaults, "ingress"), text(defaults, "egress")));
    const std::string baseline = joined(list(policy, "baseline"));
    screen.field("baseline", baseline.empty() ? "nothing" : baseline);
    screen.line();
    Table table{{{"RULE", Align::left, kNameColumns},
                 {"RANK"},
                 {"DIR"},
                 {"PACKETS", Align::right},
                 {"REMOTE AND SERVICE"}}};
    for (const Json& rule : list(policy, "rules")) {
        const std::string rank = text(rule, "rank");
        table.row({{text(rule, "name")},
                   {rank, tone_of_rank(rank)},
                   {short_direction(rule)},
                   {has(rule, "packets") ? count_text(number(rule, "packets")) : "-"},
                   {match_of(rule)}});
    }
    table.print(screen);
}

void print_effect(Screen& screen, const Json& effect) {
    const std::chrono::seconds window{number(effect, "window")};
    const std::uint64_t dropped = number(effect, "drop");
    if (number(effect, "flows") == 0) {
        screen.field("effect", "unknown: no flow has been recorded yet", Tone::warn);
    } else {
        screen.field(
            "effect",
            fmt::format("of {} recorded flows in the last {}: {} pass, {} would be dropped",
                        number(effect, "flows"),
                        duration_text(window),
                        number(effect, "pass"),
                        dropped),
            dropped == 0 ? Tone::good : Tone::warn);
    }
    print_dropped_flows(screen, list(effect, "wouldDropFlows"));
    if (has(effect, "callerSession")) {
        const Json& caller = object(effect, "callerSession");
        const std::string verdict = text(caller, "verdict");
        screen.field("you",
                     fmt::format("your ssh {} → {}",
                                 endpoint(text(caller, "remote"), number(caller, "port")),
                                 verdict == "pass" ? "pass" : "DROP"),
                     verdict == "pass" ? Tone::good : Tone::bad);
    }
}

void print_diff(Screen& screen, const Json& diff, const std::string& file) {
    const Json& lines = list(diff, "text");
    for (const Json& line : lines) {
        if (line.is_string()) {
            const auto words = line.get<std::string>();
            screen.line(words, tone_of_line(words));
        }
    }
    if (lines.empty()) {
        screen.line("no change");
    }
    if (has(diff, "effect")) {
        print_effect(screen, object(diff, "effect"));
    }
    if (!lines.empty()) {
        screen.next(file.empty() ? "tollgate enforce   (or tollgate audit, to drop nothing yet)"
                                 : "tollgate policy apply " + file);
    }
}

void print_history(Screen& screen, const Json& history) {
    Table table{{{"GENERATION", Align::right},
                 {"STATE"},
                 {"WHEN"},
                 {"CHANGE"},
                 {"BY"},
                 {"HASH", Align::left, 12},
                 {"POLICY"}}};
    for (const Json& entry : list(history, "entries")) {
        const std::string state = text(entry, "state");
        const bool live = state == "active" || state == "confirmed";
        table.row({{std::to_string(number(entry, "generation"))},
                   {state,
                    live                 ? Tone::good
                    : state == "pending" ? Tone::warn
                                         : Tone::plain},
                   {screen.since(text(entry, "time"))},
                   {text(entry, "change")},
                   {text(entry, "by")},
                   {text(entry, "hash").substr(0, 12)},
                   {text(entry, "name")}});
    }
    table.print(screen);
    screen.next("tollgate policy rollback [N]");
}

void print_deadline(Screen& screen, const Json& change) {
    const auto deadline = parse_time(text(change, "deadline"));
    if (!deadline) {
        return;
    }
    screen.field("PENDING",
                 fmt::format("reverts at {} ({}) unless you confirm from a new connection",
                             clock_text(*deadline, screen.now()),
                             ago(*deadline, screen.now())),
                 Tone::warn);
    screen.next("tollgate confirm");
}

void print_change(Screen& screen, const Json& change) {
    const std::string stage = text(change, "stage");
    const std::string word = stage == "enforce" ? "enforcing"
                             : stage == "audit" ? "auditing: nothing is dropped but explicit denies"
                             : stage == "learn" ? "learning: nothing is dropped but explicit denies"
                             : stage == "open"  ? "OPEN: everything passes"
                                                : "done";
    screen.field("stage",
                 fmt::format("{} (generation {})", word, number(change, "generation")),
                 stage == "enforce" ? Tone::good
                 : stage == "open"  ? Tone::bad
                                    : Tone::plain);
    print_deadline(screen, change);
}

}  // namespace tollgate::cli
