// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::agent {

/// For whom a line is: someone must act; degraded but running; the life of the daemon; us.
enum class LogLevel : std::uint8_t { error, warn, info, debug };

/// "error", "warn", "info", "debug".
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

/// One key=value of a line.
struct LogField {
    LogField(std::string_view k, std::string_view v) : key{k}, value{v} {}
    LogField(std::string_view k, std::integral auto v) : key{k}, value{std::to_string(v)} {}

    std::string_view key;
    std::string value;
};

/// "level=info event=agent.started pid=7": values with anything but plain characters are quoted and
/// escaped, so that nothing from outside can forge a line.
[[nodiscard]] std::string format_log_line(LogLevel level,
                                          std::string_view event,
                                          std::initializer_list<LogField> fields);

/// Lines of a higher number than this are not written; info at first. Set before any thread starts.
void set_log_level(LogLevel level);
[[nodiscard]] bool is_logged(LogLevel level);

/// Writes one line of logfmt to standard error with one write(2), with the journal's priority
/// before it under systemd. Never called per packet. @param event noun.past-tense verb
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// A line of level error for each line of @p problems, of which a file may have several.
/// @param field  behind the problem, in each of them
void log_problems(std::string_view event, std::string_view problems, const LogField& field);

}  // namespace tollgate::agent
