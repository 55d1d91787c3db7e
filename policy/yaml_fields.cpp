// SPDX-License-Identifier: MIT
#include "policy/yaml_fields.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

std::string what_it_is(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::list:
            return "a list";
        case YamlNode::Kind::map:
            return "a map";
        case YamlNode::Kind::null:
            return "nothing";
        case YamlNode::Kind::scalar:
            break;
    }
    return in_quotes(node.text);
}

void wrong_kind(const YamlNode& node,
                std::string_view key,
                std::string_view wanted,
                std::vector<Problem>& problems) {
    report(problems,
           {node.mark, fmt::format("{} must be {}, not {}", key, wanted, what_it_is(node)), ""});
}

}  // namespace

Fields::Fields(const YamlNode& node, std::string_view where, std::vector<Problem>& problems)
    : node_(node), where_(where), problems_(problems) {
    if (!is_map()) {
        wrong_kind(node, where, "a map of keys", problems);
    }
}

const YamlNode* Fields::optional(std::string_view key) {
    known_.push_back(key);
    const auto found = std::find_if(node_.entries.begin(),
                                    node_.entries.end(),
                                    [&](const YamlEntry& entry) { return entry.key == key; });
    if (found == node_.entries.end()) {
        return nullptr;
    }
    if (found->value.kind == YamlNode::Kind::null) {
        report(
            problems_,
            {found->mark, fmt::format("{} has no value", key), "write one or leave the key out"});
        return nullptr;
    }
    return &found->value;
}

const YamlNode* Fields::required(std::string_view key) {
    const YamlNode* const value = optional(key);
    const bool absent = std::none_of(node_.entries.begin(),
                                     node_.entries.end(),
                                     [&](const YamlEntry& entry) { return entry.key == key; });
    if (absent && is_map()) {
        report(problems_, {node_.mark, fmt::format("{} lacks the key '{}'", where_, key), ""});
    }
    return value;
}

void Fields::refuse_others() {
    for (const YamlEntry& entry : node_.entries) {
        const bool known = std::find(known_.begin(), known_.end(), entry.key) != known_.end();
        if (known || entry.key.empty() || problems_.size() >= kProblemsMax) {
            continue;
        }
        std::string hint = did_you_mean(entry.key, known_);
        if (hint.empty()) {
            hint = fmt::format("{} has: {}", where_, fmt::join(known_, ", "));
        }
        report(problems_, {entry.mark, "unknown key " + in_quotes(entry.key), std::move(hint)});
    }
}

std::optional<std::string> read_text(const YamlNode& node,
                                     std::string_view key,
                                     std::vector<Problem>& problems) {
    if (node.kind != YamlNode::Kind::scalar) {
        wrong_kind(node, key, "text", problems);
        return std::nullopt;
    }
    if (node.plain && is_typed_scalar(node.text)) {
        report(
            problems,
            {node.mark,
             fmt::format(
                 "{} must be text, but {} is a number or truth value", key, in_quotes(node.text)),
             "if it is meant, put it in quotes"});
        return std::nullopt;
    }
    return node.text;
}

std::optional<std::string> read_line(const YamlNode& node,
                                     std::string_view key,
                                     std::vector<Problem>& problems) {
    auto text = read_text(node, key, problems);
    if (text && text->find('\n') != std::string::npos) {
        report(problems, {node.mark, fmt::format("{} must be a single line", key), ""});
        return std::nullopt;
    }
    return text;
}

std::optional<bool> read_bool(const YamlNode& node,
                              std::string_view key,
                              std::vector<Problem>& problems) {
    if (node.kind == YamlNode::Kind::scalar && node.plain &&
        (node.text == "true" || node.text == "false")) {
        return node.text == "true";
    }
    wrong_kind(node, key, "true or false", problems);
    return std::nullopt;
}

std::optional<std::uint64_t> read_integer(const YamlNode& node,
                                          std::string_view key,
                                          std::vector<Problem>& problems) {
    std::uint64_t value = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto [last, error] = std::from_chars(node.text.data(), end, value);
    const bool padded = node.text.size() > 1 && node.text.front() == '0';
    if (!node.plain || error != std::errc{} || last != end || padded ||
        value > std::numeric_limits<std::int64_t>::max()) {
        wrong_kind(node, key, "a decimal number", problems);
        return std::nullopt;
    }
    return value;
}

std::optional<std::size_t> read_choice(const YamlNode& node,
                                       std::string_view key,
                                       std::span<const std::string_view> words,
                                       std::vector<Problem>& problems) {
    const std::string_view* const end = words.data() + words.size();
    const std::string_view* const found =
        node.kind == YamlNode::Kind::scalar ? std::find(words.data(), end, node.text) : end;
    if (found != end) {
        return static_cast<std::size_t>(found - words.data());
    }
    report(problems,
           {node.mark,
            fmt::format("{} must be {}, not {}", key, fmt::join(words, " or "), what_it_is(node)),
            did_you_mean(node.text, words)});
    return std::nullopt;
}

std::span<const YamlNode> read_list(const YamlNode& node,
                                    std::string_view key,
                                    std::vector<Problem>& problems) {
    if (node.kind != YamlNode::Kind::list) {
        wrong_kind(node, key, "a list", problems);
    }
    return node.items;
}

std::span<const YamlNode> read_some(const YamlNode& node,
                                    std::string_view key,
                                    std::string_view hint,
                                    std::vector<Problem>& problems) {
    if (node.kind == YamlNode::Kind::list && node.items.empty()) {
        report(
            problems,
            {node.mark, fmt::format("{}: an empty list matches nothing", key), std::string(hint)});
    }
    return read_list(node, key, problems);
}

}  // namespace tollgate::policy
