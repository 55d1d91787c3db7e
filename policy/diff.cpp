// SPDX-License-Identifier: MIT
#include "policy/diff.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

/// One thing that a policy says.
struct Fact {
    std::string what;
    std::string text;
    std::string note{};  ///< shown when it is added; no difference
};
using Facts = std::vector<Fact>;

using Index = std::map<std::string_view, const Fact*>;

Index index_of(const Facts& facts) {
    Index index;
    for (const Fact& fact : facts) {
        index.emplace(fact.what, &fact);
    }
    return index;
}

std::string provenance_of(const Rule& rule) {
    if (!rule.learned) {
        return "";
    }
    const std::string& by = rule.learned->approved_by;
    return fmt::format(
        ", learned from {} packets{}", rule.learned->packets, by.empty() ? "" : ", by " + by);
}

std::string text_of(const Selector& selector) {
    std::vector<std::string> texts = to_texts(selector);
    std::sort(texts.begin(), texts.end());
    return fmt::format("{}", fmt::join(texts, ", "));
}

Facts facts_of(const Policy& policy) {
    Facts facts{{"mode", std::string(to_text(policy.mode))}};
    const std::string interfaces = fmt::format("{}", fmt::join(policy.interfaces, ", "));
    facts.push_back({"interfaces", interfaces.empty() ? "all" : interfaces});
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
        const Action action = policy.default_action.at(static_cast<std::size_t>(direction));
        facts.push_back(
            {fmt::format("default {}", to_text(direction)), std::string(to_text(action))});
    }
    for (const BaselinePart& part : baseline_parts()) {
        const bool on = (policy.baseline & part.bit) != 0;
        facts.push_back({fmt::format("baseline {}", part.key), on ? "on" : "off"});
    }
    for (const Group& group : policy.groups) {
        facts.push_back({"group " + group.name, text_of(group.selector)});
    }
    for (const Rule& rule : policy.rules) {
        facts.push_back({fmt::format("{} {}", to_text(rule.rank), rule.name),
                         describe(rule),
                         provenance_of(rule)});
    }
    return facts;
}

std::string line_of(const Change& change) {
    switch (change.kind) {
        case ChangeKind::added:
            return fmt::format("+ {}  {}\n", change.what, change.after);
        case ChangeKind::removed:
            return fmt::format("- {}  {}\n", change.what, change.before);
        case ChangeKind::changed:
            break;
    }
    return fmt::format("~ {}  {} → {}\n", change.what, change.before, change.after);
}

}  // namespace

std::vector<Change> diff(const Policy& before, const Policy& after) {
    const Facts old_facts = facts_of(before);
    const Facts new_facts = facts_of(after);
    const Index old_index = index_of(old_facts);
    const Index new_index = index_of(new_facts);
    std::vector<Change> changes;
    for (const Fact& fact : old_facts) {
        if (!new_index.contains(fact.what)) {
            changes.push_back({ChangeKind::removed, fact.what, fact.text, ""});
        }
    }
    for (const Fact& fact : new_facts) {
        const auto old = old_index.find(fact.what);
        if (old == old_index.end()) {
            changes.push_back({ChangeKind::added, fact.what, "", fact.text + fact.note});
        } else if (old->second->text != fact.text) {
            changes.push_back({ChangeKind::changed, fact.what, old->second->text, fact.text});
        }
    }
    return changes;
}

std::string to_text(const std::vector<Change>& changes) {
    std::string text;
    for (const Change& change : changes) {
        text += line_of(change);
    }
    return text;
}

std::string describe(const Rule& rule) {
    std::string remote = fmt::format("{}", fmt::join(rule.remote, ", "));
    if (remote.empty()) {
        remote = rule.any_remote() ? "any" : text_of(rule.selector);
    }
    std::string text =
        fmt::format("{} {} {}", to_text(rule.direction), remote, to_text(rule.services));
    if (rule.via != Via::any) {
        text += fmt::format(" via {}", to_text(rule.via));
    }
    if (rule.limit.packets) {
        text += fmt::format(", {} packets", to_text(*rule.limit.packets));
    }
    if (rule.limit.new_flows) {
        text += fmt::format(", {} new flows", to_text(*rule.limit.new_flows));
    }
    if (rule.expires) {
        text += ", until " + to_text(*rule.expires);
    }
    if (rule.log) {
        text += ", log";
    }
    return text;
}

}  // namespace tollgate::policy
