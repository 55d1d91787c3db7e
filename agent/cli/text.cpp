// SPDX-License-Identifier: MIT
#include "agent/cli/text.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::cli {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kYear = 366 * kDay;

// Of a time as it is written: 2026-12-31T00:00:00
constexpr std::size_t kDateSize = 10;
constexpr std::size_t kTimeSize = 19;

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::optional<std::int64_t> unit_seconds(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return kMinute;
        case 'h':
            return kHour;
        case 'd':
            return kDay;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::string printable(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 =
            byte == 0xC2U && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0U;
        if (c1) {
            clean += '?';
            ++i;
        } else if (byte == '\n' || byte == '\t') {
            clean += ' ';
        } else {
            clean += byte < 0x20U || byte == 0x7FU ? '?' : text[i];
        }
    }
    return clean;
}

std::size_t columns(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += continues(c) ? 0 : 1;
    }
    return count;
}

std::string shortened(std::string_view text, std::size_t limit) {
    std::size_t width = columns(text);
    if (width <= limit || limit == 0) {
        return std::string{text};
    }
    std::size_t begin = 0;
    while (width > limit - 1) {
        ++begin;
        while (begin < text.size() && continues(text[begin])) {
            ++begin;
        }
        --width;
    }
    return "…" + std::string{text.substr(begin)};
}

std::vector<std::string> wrapped(std::string_view text, std::size_t limit) {
    std::vector<std::string> lines(1);
    std::size_t position = 0;
    while (position < text.size()) {
        const std::size_t end = std::min(text.find(' ', position), text.size());
        const std::string_view word = text.substr(position, end - position);
        position = end + 1;
        std::string& line = lines.back();
        if (line.empty()) {
            line = word;
        } else if (columns(line) + 1 + columns(word) <= limit) {
            line += ' ';
            line += word;
        } else {
            lines.emplace_back(word);
        }
    }
    return lines;
}

std::string count_text(std::uint64_t count) {
    constexpr std::array kUnits{'k', 'M', 'G', 'T', 'P'};
    if (count < 10000) {
        return std::to_string(count);
    }
    auto value = static_cast<double>(count) / 1000;
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    return fmt::format("{:.1f}{}", value, kUnits.at(unit));
}

std::string plural(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string duration_text(seconds duration) {
    const std::int64_t total = duration.count();
    if (total < kMinute) {
        return fmt::format("{}s", total);
    }
    if (total < 10 * kMinute && total % kMinute != 0) {
        return fmt::format("{}m {}s", total / kMinute, total % kMinute);
    }
    if (total < 2 * kHour) {
        return fmt::format("{}m", total / kMinute);
    }
    if (total < 2 * kDay) {
        return fmt::format("{}h", total / kHour);
    }
    return fmt::format("{}d", total / kDay);
}

std::string ago(WallTime then, WallTime now) {
    const seconds age = now - then;
    if (age >= seconds{-1} && age <= seconds{1}) {
        return "now";
    }
    if (age < seconds{0}) {
        return "in " + duration_text(-age);
    }
    if (age > seconds{kYear}) {
        return policy::to_text(then).substr(0, kDateSize);
    }
    // One unit is enough for the past.
    const bool minutes = age > seconds{kMinute} && age < seconds{10 * kMinute};
    return duration_text(minutes ? seconds{age.count() / kMinute * kMinute} : age) + " ago";
}

std::string clock_text(WallTime time, WallTime now) {
    const std::time_t stamp = std::chrono::system_clock::to_time_t(time);
    const std::time_t today = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    std::tm current{};
    ::localtime_r(&stamp, &local);
    ::localtime_r(&today, &current);
    const bool same_day = local.tm_yday == current.tm_yday && local.tm_year == current.tm_year;
    return fmt::format(fmt::runtime(same_day ? "{:%H:%M:%S}" : "{:%Y-%m-%d %H:%M:%S}"), local);
}

std::optional<WallTime> parse_time(std::string_view text) {
    if (text.size() <= kTimeSize || text.back() != 'Z') {
        return std::nullopt;
    }
    // Not timegm(): where time_t has 32 bits, it ends in 2038.
    const auto time = policy::parse_time(std::string{text.substr(0, kTimeSize)} + "Z");
    return time ? std::optional{*time} : std::nullopt;
}

std::optional<seconds> parse_duration(std::string_view text) {
    constexpr std::int64_t kMax = kYear;
    std::int64_t total = 0;
    if (text.empty()) {
        return std::nullopt;
    }
    while (!text.empty()) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || value < 0 || value > kMax) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit = text.empty() ? std::optional<std::int64_t>{1} : unit_seconds(text[0]);
        if (!unit) {
            return std::nullopt;
        }
        text.remove_prefix(text.empty() ? 0 : 1);
        total += value * *unit;
        if (total > kMax) {
            return std::nullopt;
        }
    }
    return seconds{total};
}

}  // namespace tollgate::cli
