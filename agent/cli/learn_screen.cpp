// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"

namespace tollgate::cli {
namespace {

constexpr std::size_t kRemoteColumns = 24;
constexpr std::ptrdiff_t kViaColumn = 3;     // after REMOTE
constexpr std::size_t kServiceColumns = 19;  // icmpv6/echo-request
constexpr std::size_t kRuleColumns = 20;

/// Age without "ago": the header says it.
std::string age(const Screen& screen, const Json& candidate, const char* key) {
    std::string text_ago = screen.since(text(candidate, key));
    if (const std::size_t end = text_ago.rfind(" ago"); end != std::string::npos) {
        text_ago.resize(end);
    }
    return text_ago;
}

/// "tcp/554 +2": the first service and how many more.
std::string services(const Json& candidate) {
    const Json& all = list(candidate, "services");
    if (all.size() < 2) {
        return joined(all);
    }
    const std::string first = all[0].is_string() ? all[0].get<std::string>() : "";
    return fmt::format("{} +{}", first, all.size() - 1);
}

/// The decision, if there is one; then the risk and why.
Cell note_cell(const Json& candidate) {
    const std::string state = text(candidate, "state");
    const std::string risk = text(candidate, "risk", "low");
    const std::string note = text(candidate, "note");
    std::string words = state == "pending" ? "" : state + ", ";
    words += risk == "high" ? "HIGH" : risk;
    const Tone tone = risk == "high" ? Tone::bad : risk == "medium" ? Tone::warn : Tone::plain;
    return {note.empty() ? words : words + ": " + note, tone};
}

/// Whether a candidate is not in the clear: on a host without a tunnel none is worth a column.
bool tells_links(const Json& answer) {
    return std::ranges::any_of(list(answer, "candidates"), [](const Json& candidate) {
        return text(candidate, "via", "clear") != "clear";
    });
}

}  // namespace

void print_learn_status(Screen& screen, const Json& status) {
    const Json& readiness = object(status, "readiness");
    screen.field(
        "readiness",
        fmt::format("{:.0f} %: {}", real(readiness, "score") * 100, text(readiness, "text")));
    screen.field(
        "",
        fmt::format("chance that the next flow is new: {:.1f} %; hours of the week seen: {:.0f} %",
                    real(readiness, "novelty") * 100,
                    real(readiness, "hourCoverage") * 100));
    const std::string since = screen.since(text(status, "since"));
    screen.field("since", since.empty() ? "nothing was seen yet" : since);
    screen.field("seen",
                 fmt::format("{}, {}, {}, {}",
                             plural(number(status, "observations"), "flow"),
                             plural(number(status, "services"), "service"),
                             plural(number(status, "names"), "DNS name"),
                             plural(number(status, "candidates"), "candidate")));
    if (const std::uint64_t overflow = number(status, "overflow"); overflow > 0) {
        screen.field("! lost",
                     fmt::format("{} found no room in the table", plural(overflow, "service")),
                     Tone::warn);
    }
    screen.next("tollgate learn review");
}

void print_candidate_table(Screen& screen, const Json& answer) {
    std::vector<Column> columns{{"ID"},
                                {"DIR"},
                                {"REMOTE", Align::left, kRemoteColumns},
                                {"SERVICE", Align::left, kServiceColumns},
                                {"PKTS", Align::right},
                                {"LAST", Align::right},
                                {"RULE", Align::left, kRuleColumns},
                                {"RISK"}};
    const bool links = tells_links(answer);
    if (links) {
        columns.insert(columns.begin() + kViaColumn, {"VIA"});
    }
    Table table{columns};
    for (const Json& candidate : list(answer, "candidates")) {
        std::vector<Cell> row{{text(candidate, "id")},
                              {text(candidate, "direction") == "ingress" ? "in" : "out"},
                              {text(candidate, "remote")},
                              {services(candidate)},
                              {count_text(number(candidate, "packets"))},
                              {age(screen, candidate, "lastSeen")},
                              {text(candidate, "rule").empty() ? "-" : text(candidate, "rule")},
                              note_cell(candidate)};
        if (links) {
            row.insert(row.begin() + kViaColumn, {text(candidate, "via")});
        }
        table.row(std::move(row));
    }
    if (!table.empty()) {
        table.print(screen);
    }
}

void print_candidates(Screen& screen, const Json& answer) {
    const Json& candidates = list(answer, "candidates");
    std::size_t pending = 0;
    for (const Json& candidate : candidates) {
        pending += text(candidate, "state") == "pending" ? 1 : 0;
    }
    const std::uint64_t hidden = number(answer, "hidden");
    screen.line(fmt::format("{}, {} pending{}",
                            plural(candidates.size(), "candidate"),
                            pending,
                            hidden == 0 ? ""
                                        : fmt::format("; {} covered by the baseline or the policy "
                                                      "are hidden (-a shows them)",
                                                      hidden)));
    print_candidate_table(screen, answer);
    if (pending > 0) {
        screen.next("tollgate learn approve ID… | --all, tollgate learn reject ID…");
    } else if (!candidates.empty()) {
        screen.next("tollgate policy diff, then tollgate enforce");
    }
}

void print_approved(Screen& screen, const Json& answer) {
    const Json& candidates = list(answer, "candidates");
    const auto left = std::ranges::count_if(candidates, [](const Json& candidate) {
        return text(candidate, "state") == "pending" && !flag(candidate, "covered");
    });
    std::string words = fmt::format("{} approved", number(answer, "decided"));
    if (left > 0) {
        words += fmt::format("; {} left, {} a risk: approve {} by ID",
                             left,
                             left == 1 ? "it has" : "each has",
                             left == 1 ? "it" : "them");
    }
    screen.line(words);
    print_candidate_table(screen, answer);
    screen.next("tollgate policy diff");
}

}  // namespace tollgate::cli
