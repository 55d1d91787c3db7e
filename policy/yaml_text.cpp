// SPDX-License-Identifier: MIT
#include "policy/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tollgate::policy {
namespace {

/// One character: its code point, or nothing if the bytes are not UTF-8 (RFC 3629: shortest form,
/// no surrogates, at most U+10FFFF).
struct Character {
    std::optional<std::uint32_t> code;
    std::size_t bytes = 1;
};

Character first_character(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint8_t>(text[i]);
    };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) {
        return {std::nullopt, 1};
    }
    std::uint32_t code = lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) {
            return {std::nullopt, 1};
        }
        code = code << 6U | (byte(i) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < kSmallest.at(length) || code > 0x10ffff || surrogate) {
        return {std::nullopt, 1};
    }
    return {code, length};
}

using Range = std::pair<std::uint32_t, std::uint32_t>;

bool is_hidden(std::uint32_t code) {
    constexpr std::array<Range, 9> kHidden{{{0x00, 0x1f},
                                            {0x7f, 0x9f},
                                            {0x00ad, 0x00ad},
                                            {0x061c, 0x061c},
                                            {0x200b, 0x200f},
                                            {0x2028, 0x202e},
                                            {0x2060, 0x206f},
                                            {0xfeff, 0xfeff},
                                            {0xe0000, 0xe007f}}};
    return std::any_of(kHidden.begin(), kHidden.end(), [&](const Range& r) {
        return code >= r.first && code <= r.second;
    });
}

/// What is wrong with a character, and what to do about it.
std::optional<Problem> judge(const Character& character) {
    if (!character.code) {
        return Problem{{}, "this byte is not UTF-8", "save the file as UTF-8"};
    }
    switch (*character.code) {
        case '\n':
            return std::nullopt;
        case '\t':
            return Problem{{}, "tabs are not allowed", "indent with spaces"};
        case '\r':
            return Problem{{}, "the line ends with a carriage return", "save with Unix line ends"};
        case 0xfeff:
            return Problem{{}, "byte order marks are not allowed", "save as UTF-8 without one"};
        default:
            break;
    }
    if (is_hidden(*character.code)) {
        return Problem{
            {},
            fmt::format("the invisible character U+{:04X} is not allowed", *character.code),
            "remove it"};
    }
    return std::nullopt;
}

std::optional<Problem> first_problem(std::string_view line, Mark mark) {
    if (line.starts_with('%')) {
        return Problem{mark, "YAML directives (%) are not allowed", "remove the line"};
    }
    while (!line.empty()) {
        const Character character = first_character(line);
        if (auto problem = judge(character)) {
            problem->mark = mark;
            return problem;
        }
        line.remove_prefix(character.bytes);
        mark.column += static_cast<std::uint32_t>(character.bytes);
    }
    return std::nullopt;
}

/// Newlines are allowed: folded and literal scalars have them.
void check_scalar(std::string_view text, Mark mark, std::vector<Problem>& problems) {
    for (; !text.empty(); text.remove_prefix(first_character(text).bytes)) {
        if (auto problem = judge(first_character(text))) {
            problem->mark = mark;
            report(problems, std::move(*problem));
            return;
        }
    }
}

}  // namespace

void check_text(std::string_view text, std::vector<Problem>& problems) {
    for (std::uint32_t line = 1; !text.empty(); ++line) {
        const std::size_t end = text.find('\n');
        if (auto problem = first_problem(text.substr(0, end), {line, 1})) {
            report(problems, std::move(*problem));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void check_scalars(const YamlNode& root, std::vector<Problem>& problems) {
    check_scalar(root.text, root.mark, problems);
    for (const YamlNode& item : root.items) {
        check_scalars(item, problems);
    }
    for (const YamlEntry& entry : root.entries) {
        check_scalar(entry.key, entry.mark, problems);
        check_scalars(entry.value, problems);
    }
}

std::string one_visible_line(std::string_view text) {
    std::string line;
    while (!text.empty()) {
        const Character character = first_character(text);
        const bool visible = character.code && !is_hidden(*character.code);
        line += visible ? text.substr(0, character.bytes) : "?";
        text.remove_prefix(character.bytes);
    }
    return line;
}

}  // namespace tollgate::policy
