// SPDX-License-Identifier: MIT
#include "agent/report/log.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

struct Level {
    std::string_view name;
    int journal_priority;  // syslog(3)
};
constexpr std::array<Level, 4> kLevels{{{"error", 3}, {"warn", 4}, {"info", 6}, {"debug", 7}}};

LogLevel level_written = LogLevel::info;

const Level& of(LogLevel level) {
    return kLevels.at(static_cast<std::size_t>(level));
}

bool is_plain(std::string_view value) {
    return !value.empty() && value.find_first_not_of(
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-_.:/+@,%[]*") == std::string_view::npos;
}

void append_quoted(std::string& line, std::string_view value) {
    line += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            line += c;
        }
    }
    line += '"';
}

void write(std::string_view line) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
        if (kLevels.at(i).name == text) {
            return static_cast<LogLevel>(i);
        }
    }
    return std::nullopt;
}

std::string format_log_line(LogLevel level,
                            std::string_view event,
                            std::initializer_list<LogField> fields) {
    std::string line = fmt::format("level={} event={}", of(level).name, event);
    for (const LogField& field : fields) {
        line += fmt::format(" {}=", field.key);
        if (is_plain(field.value)) {
            line += field.value;
        } else {
            append_quoted(line, field.value);
        }
    }
    return line;
}

void set_log_level(LogLevel level) {
    level_written = level;
}

bool is_logged(LogLevel level) {
    return level <= level_written;
}

// A log that cannot be written must not stop the agent.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (!is_logged(level)) {
        return;
    }
    static const bool kJournal = std::getenv("JOURNAL_STREAM") != nullptr;
    try {
        std::string line =
            kJournal ? fmt::format("<{}>", of(level).journal_priority) : std::string{};
        line += format_log_line(level, event, fields);
        line += '\n';
        write(line);
    } catch (const std::bad_alloc&) {
        write("level=error event=log.lost error=\"no memory\"\n");
    }
}

void log_problems(std::string_view event, std::string_view problems, const LogField& field) {
    while (!problems.empty()) {
        const std::size_t end = std::min(problems.find('\n'), problems.size());
        log(LogLevel::error, event, {{"error", problems.substr(0, end)}, field});
        problems.remove_prefix(std::min(end + 1, problems.size()));
    }
}

}  // namespace tollgate::agent
