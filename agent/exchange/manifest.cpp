// SPDX-License-Identifier: MIT
#include "agent/exchange/manifest.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::exchange {
namespace {

using Json = nlohmann::ordered_json;

bool is_plain(const std::string& text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./-";
    const bool letter =
        !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
    return letter && text.find_first_not_of(kPlain) == std::string::npos &&
           (policy::is_identifier(text) ||
            text.find_first_of("./ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) &&
           !policy::is_typed_scalar(text);
}

std::string scalar(const Json& value) {
    if (value.is_string() && is_plain(value.get<std::string>())) {
        return value.get<std::string>();
    }
    return value.dump();  // JSON is YAML
}

/// @param indent  of the lines that follow the first, which stands where it is
std::string block(const Json& value, std::size_t indent) {
    const std::string margin(indent, ' ');
    std::string text;
    for (const auto& [key, member] : value.items()) {
        text += text.empty() ? "" : margin;
        text += value.is_array() ? "-" : key + ":";
        if (!member.is_structured() || member.empty()) {
            text += " " + scalar(member) + "\n";
        } else if (value.is_array()) {
            text += " " + block(member, indent + 2);
        } else {
            text += "\n" + margin + "  " + block(member, indent + 2);
        }
    }
    return text;
}

}  // namespace

std::string to_yaml(const Json& object) {
    return block(object, 0);
}

std::string cidr_text(const Prefix& prefix) {
    const char* const length = !prefix.is_host() ? "" : prefix.address.is_ipv4() ? "/32" : "/128";
    return prefix.to_string() + length;
}

void report_settings(const policy::Policy& policy, Losses& losses) {
    if (policy.mode != policy::Stage::enforce) {
        losses.general(
            fmt::format("mode {}: there it is as if enforced", policy::to_text(policy.mode)));
    }
    if (!policy.interfaces.empty()) {
        losses.general("applyTo is left out: it is about pods there, all of a namespace");
    }
}

bool can_be_in_manifest(const policy::Rule& rule, Losses& losses) {
    if (!rule.selector.peers.empty() || rule.via != policy::Via::any) {
        losses.left_out(rule, "pods know no tunnels of ours");
        return false;
    }
    if (rule.expires) {
        losses.left_out(rule, "what a manifest says does not expire");
        return false;
    }
    if (rule.limit != policy::Limit{}) {
        losses.changed(rule, "without its limit");
    }
    if (rule.log) {
        losses.changed(rule, "without its log");
    }
    if (!rule.selector.macs.empty()) {
        losses.left_out(rule, "MAC addresses mean nothing to pods");
    }
    return rule.any_remote() || rule.selector.size() > rule.selector.macs.size();
}

}  // namespace tollgate::exchange
