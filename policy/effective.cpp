// SPDX-License-Identifier: MIT
#include "policy/effective.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/precedence.hpp"

namespace tollgate::policy {
namespace {

std::string text_of(const Selector& selector) {
    constexpr std::size_t kShown = 4;
    std::vector<std::string> texts = to_texts(selector);
    if (texts.size() > kShown) {
        const std::size_t more = texts.size() - kShown;
        texts.resize(kShown);
        texts.push_back(fmt::format("{} more", more));
    }
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string remote_of(const Rule& rule, const std::map<std::string_view, const Group*>& groups) {
    if (rule.any_remote()) {
        return "any";
    }
    std::vector<std::string> texts;
    for (const std::string& member : rule.remote) {
        const auto group = groups.find(member);
        texts.push_back(group == groups.end()
                            ? member
                            : fmt::format("{} ({})", member, text_of(group->second->selector)));
    }
    return texts.empty() ? text_of(rule.selector) : fmt::format("{}", fmt::join(texts, ", "));
}

std::string notes_of(const Rule& rule) {
    std::vector<std::string> notes;
    if (rule.via != Via::any) {
        notes.push_back(fmt::format("via {}", to_text(rule.via)));
    }
    if (rule.limit.packets) {
        notes.push_back(fmt::format("{} packets", to_text(*rule.limit.packets)));
    }
    if (rule.limit.new_flows) {
        notes.push_back(fmt::format("{} new flows", to_text(*rule.limit.new_flows)));
    }
    if (rule.expires) {
        notes.push_back("until " + to_text(*rule.expires));
    }
    if (rule.log) {
        notes.emplace_back("log");
    }
    return fmt::format("{}", fmt::join(notes, ", "));
}

constexpr std::size_t kColumns = 7;

std::array<std::string_view, kColumns> columns(const EffectiveRule& rule) {
    return {
        rule.kind, rule.name, rule.action, rule.direction, rule.remote, rule.services, rule.notes};
}

}  // namespace

std::vector<EffectiveRule> effective_rules(const Policy& policy, WallTime now) {
    std::map<std::string_view, const Group*> groups;
    for (const Group& group : policy.groups) {
        groups.emplace(group.name, &group);
    }
    std::vector<EffectiveRule> rows;
    for (const BaselinePart& part : baseline_parts()) {
        const bool on = (policy.baseline & part.bit) != 0;
        rows.push_back({"baseline",
                        std::string(part.key),
                        on ? "pass" : "drop",
                        "both",
                        "any",
                        std::string(part.meaning),
                        ""});
    }
    for (const Rule* const rule : by_precedence(policy, now)) {
        const bool expired = is_expired(*rule, now);
        const bool pass = rule->rank != Rank::deny && !expired;
        rows.push_back({expired ? "expired" : std::string(to_text(rule->rank)),
                        rule->name,
                        pass ? "pass" : "drop",
                        std::string(to_text(rule->direction)),
                        remote_of(*rule, groups),
                        to_text(rule->services),
                        notes_of(*rule)});
    }
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
        const Action action = policy.default_action.at(static_cast<std::size_t>(direction));
        rows.push_back({"default",
                        "",
                        std::string(to_text(action)),
                        std::string(to_text(direction)),
                        "any",
                        "any",
                        ""});
    }
    return rows;
}

std::string to_table(const std::vector<EffectiveRule>& rules) {
    std::vector<EffectiveRule> rows{
        {"KIND", "NAME", "ACTION", "DIRECTION", "REMOTE", "SERVICES", "NOTES"}};
    rows.insert(rows.end(), rules.begin(), rules.end());
    std::array<std::size_t, kColumns> widths{};
    for (const EffectiveRule& row : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) {
            widths.at(i) = std::max(widths.at(i), columns(row).at(i).size());
        }
    }
    std::string text;
    for (const EffectiveRule& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < kColumns; ++i) {
            line += fmt::format("{:<{}}  ", columns(row).at(i), widths.at(i));
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace tollgate::policy
