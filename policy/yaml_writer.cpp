// SPDX-License-Identifier: MIT
#include "policy/yaml_writer.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/yaml_text.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t kLineMax = 100;

bool is_plain_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '/' || c == '-' || c == '_' || c == ' ';
}

// Whether every YAML reader, of version 1.1 too, takes the text for what it is.
bool is_plain(std::string_view text) {
    constexpr std::string_view kFirst = "-. ";
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const bool word_of_yaml = lower == "yes" || lower == "no" || lower == "on" || lower == "off" ||
                              lower == "y" || lower == "n";
    const bool date = text.find_first_not_of("0123456789-") == std::string_view::npos;
    return !text.empty() && !is_typed_scalar(text) && !word_of_yaml && !date &&
           kFirst.find(text.front()) == std::string_view::npos && text.back() != ' ' &&
           std::all_of(text.begin(), text.end(), is_plain_character);
}

std::string scalar(std::string_view text) {
    if (is_plain(text)) {
        return std::string(text);
    }
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
            case '\\':
                out += {'\\', c};
                break;
            case '\n':
                out += "\\n";
                break;
            default:
                out += c;
        }
    }
    return out + '"';
}

std::string list(const std::vector<std::string>& texts) {
    std::vector<std::string> scalars;
    std::transform(
        texts.begin(), texts.end(), std::back_inserter(scalars), [](const std::string& text) {
            return scalar(text);
        });
    return fmt::format("[{}]", fmt::join(scalars, ", "));
}

/// Keys and their values, already in YAML.
using Entries = std::vector<std::pair<std::string, std::string>>;

std::string flow_map(const Entries& entries) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : entries) {
        pairs.push_back(fmt::format("{}: {}", key, value));
    }
    return fmt::format("{{{}}}", fmt::join(pairs, ", "));
}

// The remote as written, or, if code made the rule, what it holds. Empty: any.
std::string remote_of(const Rule& rule) {
    if (!rule.remote.empty()) {
        return list(rule.remote);
    }
    if (!rule.selector.peers.empty()) {
        return fmt::format("{{peer: {}}}", list(rule.selector.peers));
    }
    return rule.any_remote() ? "" : list(to_texts(rule.selector));
}

std::string services_of(const Rule& rule) {
    std::vector<std::string> services;
    for (const Service& service : rule.services) {
        services.push_back(to_text(service));
    }
    return services.empty() ? "[any]" : list(services);
}

Entries limit_of(const Limit& limit) {
    Entries entries;
    if (limit.packets) {
        entries.emplace_back("packets", to_text(*limit.packets));
    }
    if (limit.new_flows) {
        entries.emplace_back("newFlows", to_text(*limit.new_flows));
    }
    return entries;
}

Entries provenance_of(const Provenance& learned) {
    Entries entries{{"firstSeen", scalar(to_text(learned.first_seen))},
                    {"lastSeen", scalar(to_text(learned.last_seen))},
                    {"packets", std::to_string(learned.packets)}};
    if (!learned.approved_by.empty()) {
        entries.emplace_back("approvedBy", scalar(learned.approved_by));
    }
    return entries;
}

Entries entries_of(const Rule& rule) {
    Entries entries{{"name", scalar(rule.name)},
                    {"direction", std::string(to_text(rule.direction))}};
    if (const auto remote = remote_of(rule); !remote.empty()) {
        entries.emplace_back("remote", remote);
    }
    const bool ports = !rule.services.empty() && has_ports(rule.services.front());
    entries.emplace_back(ports ? "ports" : "protocols", services_of(rule));
    if (rule.via != default_via(rule.rank, rule.selector)) {
        entries.emplace_back("via", std::string(to_text(rule.via)));
    }
    if (const Entries limit = limit_of(rule.limit); !limit.empty()) {
        entries.emplace_back("limit", flow_map(limit));
    }
    if (rule.expires) {
        entries.emplace_back("expires", scalar(to_text(*rule.expires)));
    }
    if (rule.log) {
        entries.emplace_back("log", "true");
    }
    if (rule.learned) {
        entries.emplace_back("learned", flow_map(provenance_of(*rule.learned)));
    }
    return entries;
}

// On one line if it fits.
std::string rule_text(const Rule& rule) {
    std::string text;
    if (!rule.comment.empty()) {
        text += fmt::format("    # {}\n", one_visible_line(rule.comment));
    }
    const Entries entries = entries_of(rule);
    const std::string line = "    - " + flow_map(entries);
    if (line.size() <= kLineMax && !rule.learned) {
        return text + line + "\n";
    }
    std::string_view indent = "    - ";
    for (const auto& [key, value] : entries) {
        text += fmt::format("{}{}: {}\n", std::exchange(indent, "      "), key, value);
    }
    return text;
}

std::string rules_text(const Policy& policy, Rank rank) {
    std::string text;
    for (const Rule& rule : policy.rules) {
        text += rule.rank == rank ? rule_text(rule) : "";
    }
    if (text.empty()) {  // an empty allow list says that nothing is allowed
        return rank == Rank::allow ? "  allow: []\n" : "";
    }
    return fmt::format("  {}:\n{}", to_text(rank), text);
}

std::string group_text(const Group& group) {
    const Selector& selector = group.selector;
    const std::string_view kind = !selector.prefixes.empty() ? "cidr"
                                  : !selector.macs.empty()   ? "mac"
                                  : !selector.peers.empty()  ? "peer"
                                                             : "fqdn";
    const auto members = selector.peers.empty() ? to_texts(selector) : selector.peers;
    std::string line = fmt::format("    {}: {{{}: {}}}\n", scalar(group.name), kind, list(members));
    if (line.size() <= kLineMax) {
        return line;
    }
    std::string text = fmt::format("    {}:\n      {}:\n", scalar(group.name), kind);
    for (const std::string& member : members) {
        text += fmt::format("        - {}\n", scalar(member));
    }
    return text;
}

std::string metadata_text(const Policy& policy) {
    std::string text = fmt::format("metadata:\n  name: {}\n", scalar(policy.name));
    if (!policy.description.empty()) {
        text += fmt::format("  description: {}\n", scalar(policy.description));
    }
    if (!policy.labels.empty()) {
        text += "  labels:\n";
    }
    for (const auto& [key, value] : policy.labels) {
        text += fmt::format("    {}: {}\n", scalar(key), scalar(value));
    }
    return text;
}

std::string settings_text(const Policy& policy) {
    std::string text = fmt::format("  mode: {}\n", to_text(policy.mode));
    if (!policy.interfaces.empty()) {
        text += fmt::format("  applyTo: {{interfaces: {}}}\n", list(policy.interfaces));
    }
    text += fmt::format("  default: {{ingress: {}, egress: {}}}\n",
                        to_text(policy.default_action.at(TG_INGRESS)),
                        to_text(policy.default_action.at(TG_EGRESS)));
    Entries baseline;
    for (const BaselinePart& part : baseline_parts()) {
        if (((policy.baseline ^ TG_BASELINE_DEFAULT) & part.bit) != 0) {
            baseline.emplace_back(part.key, (policy.baseline & part.bit) != 0 ? "true" : "false");
        }
    }
    if (!baseline.empty()) {
        text += fmt::format("  baseline: {}\n", flow_map(baseline));
    }
    return text;
}

}  // namespace

std::string write_policy(const Policy& policy) {
    constexpr std::string_view kSchema = "/usr/share/tollgate/schema/policy-v1.json";
    std::string text = fmt::format(
        "# yaml-language-server: $schema={0}\n"
        "# $schema: {0}\n"
        "apiVersion: tollgate/v1\n"
        "kind: Policy\n"
        "{1}spec:\n{2}",
        kSchema,
        metadata_text(policy),
        settings_text(policy));
    if (!policy.groups.empty()) {
        text += "  groups:\n";
    }
    for (const Group& group : policy.groups) {
        text += group_text(group);
    }
    return text + rules_text(policy, Rank::failsafe) + rules_text(policy, Rank::allow) +
           rules_text(policy, Rank::deny);
}

}  // namespace tollgate::policy
