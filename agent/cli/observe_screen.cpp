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

/// "tcp/443", "icmp/8", "gre": what the flow is for, seen from its responder.
std::string service_of(const Json& event, bool ingress) {
    const std::string protocol = text(event, "protocol");
    if (has(event, "icmpType")) {
        return fmt::format("{}/{}", protocol, number(event, "icmpType"));
    }
    const std::uint64_t port = number(event, ingress ? "localPort" : "remotePort");
    return port == 0 ? protocol : fmt::format("{}/{}", protocol, port);
}

std::string outcome(const Json& event) {
    std::string words = text(event, "reason");
    if (const std::string rule = text(event, "rule"); !rule.empty()) {
        words += fmt::format("{}rule {}", words.empty() ? "" : ", ", rule);
    }
    if (const std::uint64_t packets = number(event, "packets"); packets > 1) {
        words += fmt::format(" ({} packets)", count_text(packets));
    }
    return words;
}

constexpr const char* kColumns = "{:<8}  {}{:>{}}  {:<3}  {:<8}  {:<9}  {:<25}  {}";
constexpr std::size_t kVerdictColumns = 10;
constexpr std::size_t kRemoteColumns = 25;
constexpr std::size_t kOutcomeBegin = 74;  // columns before the last one

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
    const std::string name = text(event, "remoteName", text(event, "remote").c_str());
    const std::string_view word{verdict.word};
    screen.out() << fmt::format(
                        kColumns,
                        clock,
                        screen.paint(word, verdict.tone),
                        "",
                        kVerdictColumns - word.size(),
                        ingress ? "in" : "out",
                        printable(text(event, "interface")),
                        service_of(event, ingress),
                        printable(shortened(name, kRemoteColumns)),
                        printable(shortened(outcome(event), Screen::kWidth - kOutcomeBegin)))
                 << '\n';
    const std::string nearest = joined(list(event, "nearest"));
    if (!nearest.empty()) {
        screen.field("", "nearest: " + nearest, Tone::dim);
    }
}

}  // namespace tollgate::cli
