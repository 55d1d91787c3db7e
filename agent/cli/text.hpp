// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Words and numbers for people.
namespace tollgate::cli {

using WallTime = std::chrono::sys_seconds;

/// `text` without what a terminal would obey: control characters (C0, DEL, C1) become '?', line
/// breaks and tabs a space. Names come from the network.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns that UTF-8 text takes on a terminal, one for each code point.
[[nodiscard]] std::size_t columns(std::string_view text);

/// `text` in at most `limit` columns. What goes is the beginning: the end of a DNS name says whose
/// it is.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t limit);

/// Breaks text at spaces into lines of at most `limit` columns; a longer word has a line of its
/// own.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t limit);

/// "812", "41.2k", "3.1M", "7.0G".
[[nodiscard]] std::string count_text(std::uint64_t count);
/// "1 flow", "2 flows".
[[nodiscard]] std::string plural(std::uint64_t count, std::string_view noun);
/// "45s", "1m 40s", "26h", "4d": exact below ten minutes, one unit above.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);
/// "3m ago"; "now" within a second; "in 3m" for the future; a date if it is more than a year ago.
[[nodiscard]] std::string ago(WallTime then, WallTime now);
/// "09:14:02" in local time; with the date if it is another day than `now`.
[[nodiscard]] std::string clock_text(WallTime time, WallTime now);

/// RFC 3339 in UTC with seconds ("2026-11-21T09:14:02Z"), as the control API writes it; fractions
/// are cut.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);
/// "90", "90s", "2m", "1h30m", "7d".
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace tollgate::cli
