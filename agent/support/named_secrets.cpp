// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cctype>

#include "agent/support/redactor.hpp"

namespace tollgate::agent {
namespace {

constexpr std::array<std::string_view, 12> kSecret{"privatekey",
                                                   "presharedkey",
                                                   "psk",
                                                   "passwd",
                                                   "password",
                                                   "passphrase",
                                                   "secret",
                                                   "token",
                                                   "apikey",
                                                   "accesskey",
                                                   "authorization",
                                                   "credential"};
constexpr std::array<std::string_view, 5> kWhereItIs{"file", "path", "folder", "dir", "name"};
/// What is no secret; in a flow mapping of YAML others may follow (YAML 1.2, 7.4.2).
constexpr std::array<std::string_view, 8>
    kNoValue{"true", "false", "null", "~", "\"\"", "''", "[redacted]", "\"[redacted]\""};

bool is_of_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

std::size_t skip(std::string_view line, std::size_t at, std::string_view characters) {
    return std::min(line.find_first_not_of(characters, at), line.size());
}

struct Value {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// The value behind a name that ends at `name_end`. @return an empty one: nothing is assigned
Value value_behind(std::string_view line, std::size_t name_end, bool is_option) {
    std::size_t at = skip(line, name_end, "\"'");
    at = skip(line, at, " \t");
    const bool colon = at < line.size() && line[at] == ':';
    if (!colon && (at >= line.size() || line[at] != '=') && !is_option) {
        return {};
    }
    at = skip(line, at, " \t:=");
    if (at >= line.size()) {
        return {};
    }
    if (line[at] == '"' || line[at] == '\'') {
        const std::size_t close = line.find(line[at], at + 1);
        return {at + 1, std::min(close, line.size())};
    }
    const std::size_t end = colon ? line.find('\r') : line.find_first_of(" \t&,;", at);
    return {at, std::min(end, line.size())};
}

/// `://user:password@`, from behind the colon of the user.
Value password_of_url(std::string_view line, std::size_t from) {
    const std::size_t scheme = line.find("://", from);
    if (scheme == std::string_view::npos) {
        return {};
    }
    const std::size_t user = scheme + 3;
    const std::size_t end = std::min(line.find_first_of("/ \t\"'?#", user), line.size());
    const std::size_t at = line.substr(0, end).rfind('@');
    const std::size_t colon = line.find(':', user);
    return at == std::string_view::npos || at < user || colon >= at ? Value{end, end}
                                                                    : Value{colon + 1, at};
}

std::string without_passwords_of_urls(std::string line, Redactions& count) {
    for (Value found = password_of_url(line, 0); found.end > 0;
         found = password_of_url(line, found.end)) {
        if (found.end > found.begin) {
            line.replace(found.begin, found.end - found.begin, Redactor::kMark);
            found.end = found.begin + Redactor::kMark.size();
            ++count.named;
        }
    }
    return line;
}

/// A line without what stands behind names of secrets.
std::string without_values(std::string line, Redactions& count) {
    for (std::size_t at = 0; at < line.size();) {
        if (!is_of_name(line[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < line.size() && is_of_name(line[end])) {
            ++end;
        }
        const std::string_view name = std::string_view{line}.substr(at, end - at);
        const bool bearer = name == "Bearer" || name == "Basic";
        at = end;
        if (!bearer && !names_a_secret(name)) {
            continue;
        }
        const Value value = value_behind(line, end, bearer || name.starts_with("--"));
        const std::string_view text =
            std::string_view{line}.substr(value.begin, value.end - value.begin);
        const std::string_view first = text.substr(0, text.find_first_of(",}"));
        if (!text.empty() && std::ranges::find(kNoValue, first) == kNoValue.end()) {
            line.replace(value.begin, value.end - value.begin, Redactor::kMark);
            at = value.begin + Redactor::kMark.size();
            ++count.named;
        }
    }
    return line;
}

std::size_t indentation(std::string_view line) {
    return skip(line, 0, " ");
}

/// "secret: |": the value is what stands deeper on the lines below (YAML 1.2, 8.1).
bool begins_block(std::string_view line) {
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    std::size_t name = colon;
    while (name > 0 && is_of_name(line[name - 1])) {
        --name;
    }
    const std::size_t value = skip(line, colon + 1, " ");
    return value < line.size() && (line[value] == '|' || line[value] == '>') &&
           names_a_secret(line.substr(name, colon - name));
}

}  // namespace

bool names_a_secret(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    const auto ends_so = [&](std::string_view ending) {
        return plain.ends_with(ending);
    };
    const auto is_there = [&](std::string_view word) {
        return plain.find(word) != std::string::npos;
    };
    return std::ranges::any_of(kSecret, is_there) && std::ranges::none_of(kWhereItIs, ends_so);
}

std::string without_named(std::string_view text, Redactions& count) {
    std::string clean;
    std::size_t block = std::string_view::npos;  // indentation of the name above, inside a block
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        const bool deeper = indentation(line) > block || indentation(line) == line.size();
        if (block != std::string_view::npos && deeper) {
            clean.append(indentation(line), ' ').append(Redactor::kMark);
            ++count.named;
        } else {
            block = begins_block(line) ? indentation(line) : std::string_view::npos;
            clean +=
                block != std::string_view::npos
                    ? std::string{line}
                    : without_passwords_of_urls(without_values(std::string{line}, count), count);
        }
        clean += end < text.size() ? "\n" : "";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return clean;
}

}  // namespace tollgate::agent
