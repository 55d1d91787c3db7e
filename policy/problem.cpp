// SPDX-License-Identifier: MIT
#include "policy/problem.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace tollgate::policy {
namespace {

constexpr std::size_t kQuotedBytes = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Edits between two words, a swap of neighbours being one (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::string line_of(std::string_view file, const Problem& problem) {
    const std::string_view kind = problem.severity == Severity::error ? "error" : "warning";
    const std::string place =
        problem.mark.line == 0
            ? std::string(file)
            : fmt::format("{}:{}:{}", file, problem.mark.line, problem.mark.column);
    return fmt::format("{}: {}: {}{}{}\n",
                       place,
                       kind,
                       problem.message,
                       problem.hint.empty() ? "" : "; ",
                       problem.hint);
}

}  // namespace

void report(std::vector<Problem>& problems, Problem problem) {
    if (problems.size() < kProblemsMax) {
        problems.push_back(std::move(problem));
    } else if (problem.severity == Severity::error && !has_errors(problems)) {
        // Warnings must not hide that the file is refused.
        problems.back() = std::move(problem);
    }
}

bool has_errors(std::span<const Problem> problems) {
    return std::any_of(problems.begin(), problems.end(), [](const Problem& p) {
        return p.severity == Severity::error;
    });
}

std::string format_problems(std::string_view file,
                            std::span<const Problem> problems,
                            std::size_t limit) {
    std::vector<Problem> ordered(problems.begin(), problems.end());
    std::stable_sort(ordered.begin(), ordered.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.mark.line, a.mark.column) < std::tie(b.mark.line, b.mark.column);
    });
    std::string text;
    for (std::size_t i = 0; i < std::min(limit, ordered.size()); ++i) {
        text += line_of(file, ordered[i]);
    }
    if (ordered.size() > limit) {
        text += fmt::format("{}: and {} more\n", file, ordered.size() - limit);
    }
    return text;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t kLongestSlip = 64;
    if (word.size() > kLongestSlip) {
        return "";
    }
    std::string_view best;
    std::size_t fewest = std::max<std::size_t>(1, word.size() / 3);
    for (const std::string_view candidate : candidates) {
        const std::size_t longer = std::max(word.size(), candidate.size());
        if (longer - std::min(word.size(), candidate.size()) > fewest) {
            continue;
        }
        const std::size_t edits = distance(word, candidate);
        if (edits < fewest || (edits == fewest && best.empty())) {
            best = candidate;
            fewest = edits;
        }
    }
    return best.empty() ? "" : fmt::format("did you mean '{}'?", best);
}

std::string in_quotes(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, kQuotedBytes)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
    }
    return out + (text.size() > kQuotedBytes ? "…'" : "'");
}

}  // namespace tollgate::policy
