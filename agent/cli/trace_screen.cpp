// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"

namespace tollgate::cli {
namespace {

std::string why(const Json& trace) {
    const std::string rule = text(trace, "rule");
    std::string words = text(trace, "verdict") == "drop" || flag(trace, "wouldDrop")
                            ? text(trace, "reason")
                            : std::string{"allowed"};
    if (!rule.empty()) {
        words += ", rule " + rule;
        if (has(trace, "ruleLine")) {
            words += fmt::format(" (line {} of the policy)", number(trace, "ruleLine"));
        }
    }
    return words;
}

}  // namespace

void print_trace(Screen& screen, const Json& trace) {
    const bool passed = text(trace, "verdict") == "pass";
    const bool would_drop = flag(trace, "wouldDrop");
    screen.field("verdict",
                 fmt::format("{}   (the loaded program, generation {}, stage {})",
                             passed ? would_drop ? "PASS, enforcing would DROP" : "PASS" : "DROP",
                             number(trace, "generation"),
                             text(trace, "stage")),
                 passed ? would_drop ? Tone::warn : Tone::good : Tone::bad);
    Table table{{{"", Align::right}, {"STEP"}, {"RESULT"}, {"DETAIL"}}};
    std::size_t number_of_step = 0;
    for (const Json& step : list(trace, "steps")) {
        table.row({{std::to_string(++number_of_step)},
                   {text(step, "step")},
                   {text(step, "result")},
                   {text(step, "detail")}});
    }
    if (!table.empty()) {
        table.print(screen);
    }
    screen.field("why", why(trace));
    for (const Json& miss : list(trace, "nearest")) {
        screen.field("nearest", fmt::format("{} ({})", text(miss, "rule"), text(miss, "why")));
    }
}

void print_blocklist(Screen& screen, const Json& blocklist) {
    for (const Json& prefix : list(blocklist, "prefixes")) {
        screen.line(prefix.is_string() ? prefix.get<std::string>() : "");
    }
    if (!screen.headers()) {
        return;
    }
    const std::string changed =
        has(blocklist, "changed") ? fmt::format(", {} changed", number(blocklist, "changed")) : "";
    screen.line(plural(number(blocklist, "count"), "prefix") == "1 prefix"
                    ? "1 prefix" + changed
                    : fmt::format("{} prefixes{}", number(blocklist, "count"), changed),
                Tone::dim);
}

}  // namespace tollgate::cli
