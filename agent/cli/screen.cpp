// SPDX-License-Identifier: MIT
#include "agent/cli/screen.hpp"

#include <charconv>
#include <cstdlib>

#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::cli {
namespace {

constexpr std::size_t kLabelColumns = 10;
constexpr std::size_t kIndent = 2;  // of what follows a line that is too long

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool wants_color(const std::string& choice) {
    if (choice != "auto") {
        return choice == "always";
    }
    return environment("NO_COLOR").empty() && environment("TERM") != "dumb" &&
           ::isatty(STDOUT_FILENO) == 1;
}

WallTime present() {
    const std::string_view fixed = environment("SOURCE_DATE_EPOCH");
    std::int64_t stamp = 0;
    const auto parsed = std::from_chars(fixed.data(), fixed.data() + fixed.size(), stamp);
    if (!fixed.empty() && parsed.ec == std::errc{}) {
        return WallTime{std::chrono::seconds{stamp}};
    }
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Select graphic rendition (ECMA-48, 8.3.117).
std::string_view rendition(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return "";
        case Tone::strong:
            return "1";
        case Tone::good:
            return "32";
        case Tone::bad:
            return "1;31";
        case Tone::warn:
            return "33";
        case Tone::dim:
            return "2";
    }
    return "";
}

}  // namespace

Screen::Screen(std::ostream& out, const Options& options)
    : out_(out),
      color_(wants_color(options.color)),
      headers_(!options.no_headers),
      now_(present()) {}

std::string Screen::paint(std::string_view text, Tone tone) const {
    if (!color_ || tone == Tone::plain || text.empty()) {
        return printable(text);
    }
    return fmt::format("\033[{}m{}\033[0m", rendition(tone), printable(text));
}

void Screen::line(std::string_view text, Tone tone) {
    if (columns(text) <= kWidth) {
        out_ << paint(text, tone) << '\n';
        return;
    }
    std::string start;
    for (const std::string& part : wrapped(text, kWidth - kIndent)) {
        out_ << start << paint(part, tone) << '\n';
        start.assign(kIndent, ' ');
    }
}

void Screen::field(std::string_view label, std::string_view text, Tone tone) {
    std::string start = fmt::format("{:<{}}", label, kLabelColumns);
    for (const std::string& part : wrapped(text, kWidth - kLabelColumns)) {
        out_ << paint(start, Tone::strong) << paint(part, tone) << '\n';
        start.assign(kLabelColumns, ' ');
    }
}

void Screen::next(std::string_view command) {
    if (headers_) {
        out_ << paint("next: ", Tone::dim) << printable(command) << '\n';
    }
}

std::string Screen::since(std::string_view time) const {
    const auto parsed = parse_time(time);
    return parsed ? ago(*parsed, now_) : std::string{};
}

}  // namespace tollgate::cli
