// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model.hpp"

namespace tollgate::policy {

enum class Severity : std::uint8_t { error, warning };

/// One thing that is wrong with a file, or (a warning) that is probably not what was meant.
struct Problem {
    Mark mark;
    std::string message;  ///< what is wrong, with the offending text in quotes
    std::string hint;     ///< what to write instead; may be empty
    Severity severity = Severity::error;

    bool operator==(const Problem&) const = default;
};

/// Problems of one file that are kept, so that a hostile one stays cheap.
inline constexpr std::size_t kProblemsMax = 1000;

/// Appends a problem, unless there are kProblemsMax already.
void report(std::vector<Problem>& problems, Problem problem);

[[nodiscard]] bool has_errors(std::span<const Problem> problems);

/// One line per problem, ordered by position, in the form that compilers use and editors read:
/// "FILE:LINE:COLUMN: error: MESSAGE; HINT". At most `limit` lines and one that counts the rest.
[[nodiscard]] std::string format_problems(std::string_view file,
                                          std::span<const Problem> problems,
                                          std::size_t limit = 50);

/// "did you mean 'failsafe'?" for the candidate that `word` is most probably a slip of; else "".
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// `text` in single quotes, shortened to 64 bytes, with everything but printable ASCII escaped:
/// what a file says must not reach the terminal as it is.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace tollgate::policy
