// SPDX-License-Identifier: MIT
#include "policy/learn_candidate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

constexpr std::string_view kAny = "any";
constexpr std::string_view kPeer = "peer:";  // in no name and no address
constexpr std::string_view kVia = " via ";

// The text up to the next `separator`, which is taken off too.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view front = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return front;
}

// Takes " via tunnel" or " via any" off the end of a key; others are in the clear.
std::optional<Via> take_via(std::string_view& key) {
    const std::size_t at = key.find(kVia);
    if (at == std::string_view::npos) {
        return Via::clear;
    }
    const std::string_view word = key.substr(at + kVia.size());
    key = key.substr(0, at);
    for (const Via via : {Via::tunnel, Via::any}) {
        if (word == to_text(via)) {
            return via;
        }
    }
    return std::nullopt;
}

bool add_remote(Rule& rule, std::string_view text) {
    if (text.starts_with(kPeer)) {
        rule.selector.peers.emplace_back(text.substr(kPeer.size()));
        return rule.via == Via::tunnel && is_identifier(rule.selector.peers.back());
    }
    rule.remote.emplace_back(text);
    if (auto prefix = Prefix::parse(text)) {
        rule.selector.prefixes.push_back(*prefix);
        return true;
    }
    auto name = parse_name(text);
    if (name) {
        rule.selector.names.push_back(std::move(*name));
    }
    return name.has_value();
}

}  // namespace

std::string_view label(Objection objection) {
    switch (objection) {
        case Objection::none:
            return "none";
        case Objection::unanswered:
            return "unanswered";
        case Objection::scan:
            return "scan";
        case Objection::fan_out:
            return "fan-out";
        case Objection::blocklisted:
            return "blocklisted";
        case Objection::seen_once:
            return "seen-once";
        case Objection::risky:
            return "risky";
        case Objection::ephemeral:
            return "ephemeral";
        case Objection::bystander:
            return "bystander";
        case Objection::unknown_link:
            return "unknown-link";
    }
    return "unknown";
}

std::string_view label(Decision decision) {
    switch (decision) {
        case Decision::pending:
            return "pending";
        case Decision::approved:
            return "approved";
        case Decision::rejected:
            return "rejected";
    }
    return "unknown";
}

std::string candidate_key(const Rule& rule) {
    std::vector<std::string> remote = rule.remote;
    for (const std::string& peer : rule.selector.peers) {
        remote.push_back(remote_of_peer(peer));
    }
    return fmt::format(
        "{} {} {}{}",
        to_text(rule.direction),
        to_text(rule.services.front()),
        remote.empty() ? std::string(kAny) : fmt::format("{}", fmt::join(remote, ",")),
        rule.via == Via::clear ? std::string() : fmt::format("{}{}", kVia, to_text(rule.via)));
}

std::string remote_of_peer(std::string_view peer) {
    return fmt::format("{}{}", kPeer, peer);
}

std::string remote_text(const Rule& rule) {
    std::vector<std::string> remote = rule.remote;
    for (const std::string& peer : rule.selector.peers) {
        remote.push_back("peer " + peer);
    }
    return remote.empty() ? std::string(kAny) : fmt::format("{}", fmt::join(remote, ", "));
}

std::optional<Candidate> candidate_of(std::string_view key) {
    Candidate candidate;
    candidate.key = key;
    const std::string_view direction = take_until(key, ' ');
    if (direction != to_text(Direction::ingress) && direction != to_text(Direction::egress)) {
        return std::nullopt;
    }
    candidate.rule.direction =
        direction == to_text(Direction::ingress) ? Direction::ingress : Direction::egress;
    const auto service = parse_service(take_until(key, ' '));
    if (!service || key.empty()) {
        return std::nullopt;
    }
    candidate.rule.services.push_back(*service);
    const auto via = take_via(key);
    if (!via || key.empty()) {
        return std::nullopt;
    }
    candidate.rule.via = *via;
    candidate.wide = key == kAny;
    while (!candidate.wide && !key.empty()) {
        if (!add_remote(candidate.rule, take_until(key, ','))) {
            return std::nullopt;
        }
    }
    return candidate;
}

}  // namespace tollgate::policy
