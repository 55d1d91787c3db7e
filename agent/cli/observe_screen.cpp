// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

struct Verdict {
    const char* word;
    Tone tone;
};

Verdict verdict_of(const std::string& type) {
    if (type == "drop") {
        return {"DROP", Tone::bad};
    }
    if (type == "wouldDrop") {
        return {"would drop", Tone::warn};
    }
    if (type == "service") {
        return {"learned", Tone::plain};
    }
    return {type == "dns" ? "dns" : "pass", Tone::good};
}

/// "tcp/443", "icmp/8", "gre": what the flow is for, seen from its responder; "-": not IP.
std::string service_of(const Json& event, bool ingress) {
    const std::string protocol = text(event, "protocol", "-");
    if (has(event, "icmpType")) {
        return fmt::format("{}/{}", protocol, number(event, "icmpType"));
    }
    const std::uint64_t port = number(event, ingress ? "localPort" : "remotePort");
    return port == 0 ? protocol : fmt::format("{}/{}", protocol, port);
}

std::string outcome(const Json& event) {
    const std::string reason = text(event, "reason");
    const std::string rule = text(event, "rule");
    std::string words = reason;
    if (!rule.empty()) {
        words += (reason.empty() ? "rule " : " ") + rule;
    }
    if (const std::uint64_t packets = number(event, "packets"); packets > 1) {
        words += " ×" + count_text(packets);
    }
    return words;
}

constexpr const char* kColumns = "{:<8}  {}{:>{}}  {:<3}  {:<7}  {:<9}  {:<23}  {}";
constexpr std::size_t kVerdictColumns = 10;
constexpr std::size_t kRemoteColumns = 23;

}  // namespace

std::string endpoint(const std::string& address, std::uint64_t port) {
    if (port == 0) {
        return address;
    }
    const bool brackets = address.find(':') != std::string::npos;
    return brackets ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

void print_event_header(Screen& screen) {
    if (screen.headers()) {
        screen.line(fmt::format(kColumns,
                                "TIME",
                                "VERDICT",
                                "",
                                kVerdictColumns - 7,
                                "DIR",
                                "IF",
                                "SERVICE",
                                "REMOTE",
                                "REASON"),
                    Tone::strong);
    }
}

void print_event(Screen& screen, const Json& event) {
    const std::string type = text(event, "type");
    const auto time = parse_time(text(event, "time"));
    const std::string clock = time ? clock_text(*time, screen.now()) : "";
    if (type == "lost") {
        screen.line(fmt::format("{:<8}  … {} lost: they came faster than they could be read",
                                clock,
                                plural(number(event, "packets"), "event")),
                    Tone::warn);
        return;
    }
    const Verdict verdict = verdict_of(type);
    const bool ingress = text(event, "direction") == "ingress";
    const std::string name = shortened(printable(text(event, "remoteName")), kRemoteColumns);
    const std::string address = text(event, "remote", text(event, "remoteMac", "-").c_str());
    const std::string remote = name.empty() ? address : name;
    const std::string_view word{verdict.word};
    const std::string painted = screen.paint(word, verdict.tone);
    std::string line = fmt::format(kColumns,
                                   clock,
                                   painted,
                                   "",
                                   kVerdictColumns - word.size(),
                                   ingress ? "in" : "out",
                                   printable(text(event, "interface")),
                                   service_of(event, ingress),
                                   printable(remote),
                                   "");
    const std::string why = printable(outcome(event));
    const std::size_t used = columns(line) - (painted.size() - word.size());
    const bool fits = used + columns(why) <= Screen::kWidth;
    line += fits ? why : "";
    line.erase(line.find_last_not_of(' ') + 1);
    screen.out() << line << '\n';
    if (!fits) {
        screen.field("", why);
    }
    const std::string nearest = joined(list(event, "nearest"));
    if (!nearest.empty()) {
        screen.field("", "nearest: " + nearest, Tone::dim);
    }
}

}  // namespace tollgate::cli
