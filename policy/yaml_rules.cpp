// SPDX-License-Identifier: MIT
#include "policy/yaml_rules.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/yaml_fields.hpp"

namespace tollgate::policy {
namespace {

using Problems = std::vector<Problem>;

/// Reads a scalar through one of the parsers of notation.hpp.
template <typename T>
std::optional<T> read_as(const YamlNode& node,
                         std::string_view key,
                         Result<T> (*parse)(std::string_view),
                         Problems& problems) {
    if (node.kind != YamlNode::Kind::scalar) {  // read_line() says what is wrong
        std::ignore = read_line(node, key, problems);
        return std::nullopt;
    }
    auto value = parse(node.text);
    if (!value) {
        report(problems, {node.mark, fmt::format("{}: {}", key, value.error().message()), ""});
        return std::nullopt;
    }
    return *value;
}

void check_alone(const YamlNode& node,
                 std::string_view key,
                 std::size_t items,
                 Problems& problems) {
    if (items > 1) {
        report(problems,
               {node.mark,
                fmt::format("{}: 'any' must stand alone", key),
                "remove the others or 'any'"});
    }
}

void read_ports(const YamlNode& node, Rule& rule, Problems& problems) {
    for (const YamlNode& item : read_some(node, "ports", "write [tcp/443]", problems)) {
        if (const auto service = read_as(item, "ports", parse_port, problems)) {
            rule.services.push_back(*service);
        }
    }
}

void read_protocols(const YamlNode& node, Rule& rule, Problems& problems) {
    const auto items =
        read_some(node, "protocols", "write [any] if every protocol is meant", problems);
    for (const YamlNode& item : items) {
        if (item.kind == YamlNode::Kind::scalar && item.text == "any") {
            check_alone(item, "protocols", items.size(), problems);
        } else if (const auto service = read_as(item, "protocols", parse_protocol, problems)) {
            rule.services.push_back(*service);
        }
    }
}

void read_services(Fields& fields, Rule& rule, Problems& problems) {
    const YamlNode* const ports = fields.optional("ports");
    const YamlNode* const protocols = fields.optional("protocols");
    if (ports != nullptr) {
        read_ports(*ports, rule, problems);
    }
    if (protocols != nullptr) {
        read_protocols(*protocols, rule, problems);
    }
    if ((ports == nullptr) == (protocols == nullptr) && fields.is_map()) {
        report(problems,
               {fields.mark(),
                ports == nullptr ? "rule lacks the key 'ports' or 'protocols'"
                                 : "rule has both 'ports' and 'protocols'",
                ports == nullptr ? "write 'ports: [tcp/443]' or 'protocols: [any]'"
                                 : "split it into two rules"});
    }
}

Limit read_limit(const YamlNode& node, Problems& problems) {
    Fields fields(node, "limit", problems);
    Limit limit;
    if (const YamlNode* const rate = fields.optional("packets")) {
        limit.packets = read_as(*rate, "packets", parse_rate, problems);
    }
    if (const YamlNode* const rate = fields.optional("newFlows")) {
        limit.new_flows = read_as(*rate, "newFlows", parse_rate, problems);
    }
    fields.refuse_others();
    if (fields.is_map() && node.entries.empty()) {
        report(problems,
               {node.mark, "limit is empty", "write 'packets' or 'newFlows', or leave it out"});
    }
    return limit;
}

Provenance read_provenance(const YamlNode& node, Problems& problems) {
    Fields fields(node, "learned", problems);
    Provenance learned;
    if (const YamlNode* const time = fields.optional("firstSeen")) {
        learned.first_seen = read_as(*time, "firstSeen", parse_time, problems).value_or(WallTime{});
    }
    if (const YamlNode* const time = fields.optional("lastSeen")) {
        learned.last_seen = read_as(*time, "lastSeen", parse_time, problems).value_or(WallTime{});
    }
    if (const YamlNode* const packets = fields.optional("packets")) {
        learned.packets = read_integer(*packets, "packets", problems).value_or(0);
    }
    if (const YamlNode* const by = fields.optional("approvedBy")) {
        learned.approved_by = read_line(*by, "approvedBy", problems).value_or("");
    }
    fields.refuse_others();
    return learned;
}

}  // namespace

Result<void> add_literal(std::string_view text, Selector& selector) {
    if (const auto mac = MacAddress::parse(text)) {
        selector.macs.push_back(*mac);
        return {};
    }
    const bool numeric = text.find_first_not_of("0123456789./") == std::string_view::npos;
    if (numeric || text.find_first_of(":/") != std::string_view::npos) {
        auto prefix = parse_prefix(text);
        if (!prefix) {
            return Failure{prefix.error()};
        }
        selector.prefixes.push_back(*prefix);
        return {};
    }
    auto name = parse_name(text);
    if (!name) {
        return Failure{name.error()};
    }
    selector.names.push_back(std::move(*name));
    return {};
}

void read_peers(const YamlNode& node, Selector& selector, Problems& problems) {
    const auto add = [&](const YamlNode& item) {
        const auto name = read_text(item, "peer", problems);
        if (name && !is_identifier(*name)) {
            report(problems,
                   {item.mark,
                    fmt::format("peer: {} is no name of a peer", in_quotes(*name)),
                    "write the peer's 'name' in tollgate.yaml: lower-case letters, digits, '-'"});
        } else if (name) {
            selector.peers.push_back(*name);
        }
    };
    if (node.kind == YamlNode::Kind::scalar) {
        add(node);
        return;
    }
    for (const YamlNode& item : read_some(node, "peer", "write the name of a peer", problems)) {
        add(item);
    }
}

RuleReader::RuleReader(const std::vector<Group>& groups, std::vector<Problem>& problems)
    : problems_(problems) {
    for (const Group& group : groups) {
        groups_.emplace(group.name, &group);
    }
}

void RuleReader::append(const YamlNode& node, const Selector& from, Selector& to) {
    const std::size_t added = from.size();
    if (members_ + added > kSelectorMembersMax) {
        report(problems_,
               {node.mark,
                fmt::format("the groups named so far have {} members together; the limit is {}",
                            members_ + added,
                            kSelectorMembersMax),
                "use prefixes, or name large groups in fewer rules"});
        return;
    }
    members_ += added;
    to.append(from);
}

std::string RuleReader::missing_group_hint(std::string_view word) const {
    constexpr std::size_t kCandidatesMax = 64;
    if (problems_.size() >= kProblemsMax) {  // nobody will read it
        return "";
    }
    std::vector<std::string_view> names{"any"};
    for (const auto& [name, group] : groups_) {
        if (names.size() < kCandidatesMax) {
            names.push_back(name);
        }
    }
    const std::string hint = did_you_mean(word, names);
    return hint.empty() ? "declare it under 'groups', or write an address, a MAC or a DNS name"
                        : hint;
}

void RuleReader::read_member(const YamlNode& node, const std::string& text, Rule& rule) {
    if (const auto group = groups_.find(text); group != groups_.end()) {
        append(node, group->second->selector, rule.selector);
    } else if (!MacAddress::parse(text) && text.find_first_of(".:/") == std::string::npos) {
        report(
            problems_,
            {node.mark, "remote: there is no group " + in_quotes(text), missing_group_hint(text)});
    } else if (const auto added = add_literal(text, rule.selector); !added) {
        report(problems_, {node.mark, "remote: " + added.error().message(), ""});
    }
}

void RuleReader::read_remote(const YamlNode& node, Rule& rule) {
    if (node.kind == YamlNode::Kind::map) {
        Fields fields(node, "remote", problems_);
        if (const YamlNode* const peers = fields.required("peer")) {
            read_peers(*peers, rule.selector, problems_);
        }
        fields.refuse_others();
        return;
    }
    const auto items = read_some(
        node, "remote", "write [any] or leave the key out if any remote is meant", problems_);
    for (const YamlNode& item : items) {
        const auto text = read_line(item, "remote", problems_);
        if (text && *text == "any") {
            check_alone(item, "remote", items.size(), problems_);
        } else if (text) {
            rule.remote.push_back(*text);
            read_member(item, *text, rule);
        }
    }
}

void RuleReader::read_via(const YamlNode* node, Rule& rule) {
    rule.via = default_via(rule.rank, rule.selector);
    if (node == nullptr) {
        return;
    }
    constexpr std::array<std::string_view, 3> kWays{"any", "clear", "tunnel"};
    const auto choice = read_choice(*node, "via", kWays, problems_);
    rule.via = choice ? static_cast<Via>(*choice) : rule.via;
    if (rule.via == Via::clear && !rule.selector.peers.empty()) {
        report(problems_,
               {node->mark,
                "via: a peer is behind its tunnel, not in the clear",
                "write 'via: tunnel' or leave 'via' out"});
    }
}

Rule RuleReader::read(const YamlNode& node, Rank rank) {
    Fields fields(node, "rule", problems_);
    Rule rule;
    rule.rank = rank;
    rule.mark = node.mark;
    if (const YamlNode* const name = fields.required("name")) {
        rule.name = read_text(*name, "name", problems_).value_or("");
        if (!rule.name.empty() && !is_identifier(rule.name)) {
            report(problems_,
                   {name->mark,
                    "name: " + in_quotes(rule.name) + " is not a name",
                    "write lower-case letters, digits and hyphens, at most 63"});
        }
    }
    if (const YamlNode* const direction = fields.required("direction")) {
        constexpr std::array<std::string_view, TG_DIRECTIONS> kDirections{"ingress", "egress"};
        const auto choice = read_choice(*direction, "direction", kDirections, problems_);
        rule.direction = static_cast<Direction>(choice.value_or(0));
    }
    if (const YamlNode* const remote = fields.optional("remote")) {
        read_remote(*remote, rule);
    }
    read_via(fields.optional("via"), rule);
    read_services(fields, rule, problems_);
    if (const YamlNode* const limit = fields.optional("limit")) {
        rule.limit = read_limit(*limit, problems_);
    }
    if (const YamlNode* const expires = fields.optional("expires")) {
        rule.expires = read_as(*expires, "expires", parse_time, problems_);
    }
    if (const YamlNode* const log = fields.optional("log")) {
        rule.log = read_bool(*log, "log", problems_).value_or(false);
    }
    if (const YamlNode* const learned = fields.optional("learned")) {
        rule.learned = read_provenance(*learned, problems_);
    }
    fields.refuse_others();
    return rule;
}

}  // namespace tollgate::policy
