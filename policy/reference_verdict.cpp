// SPDX-License-Identifier: MIT
#include "policy/reference_verdict.hpp"

#include <algorithm>
#include <optional>

#include <netinet/in.h>

namespace tollgate::policy {
namespace {

bool matches(const Service& service, const Request& request) {
    return service.protocol == request.protocol && service.first <= request.service &&
           request.service <= service.last;
}

bool matches(const Selector& selector, const Request& request) {
    const auto holds_address = [&](const Prefix& prefix) {
        return prefix.contains(request.remote);
    };
    const auto holds_name = [&](const NamePattern& pattern) {
        return request.names.contains(pattern);
    };
    const auto is_station = [&] {
        const auto& macs = selector.macs;
        const auto& peers = selector.peers;
        return request.link == TG_LINK_TUNNEL
                   ? std::find(peers.begin(), peers.end(), request.peer) != peers.end()
                   : std::find(macs.begin(), macs.end(), request.remote_mac) != macs.end();
    };
    return std::any_of(selector.prefixes.begin(), selector.prefixes.end(), holds_address) ||
           is_station() || std::any_of(selector.names.begin(), selector.names.end(), holds_name);
}

bool matches(const Rule& rule, const Request& request) {
    const auto holds_service = [&](const Service& service) {
        return matches(service, request);
    };
    const bool service = rule.services.empty() ||
                         std::any_of(rule.services.begin(), rule.services.end(), holds_service);
    return rule.is_on(request.link) && rule.direction == request.direction && service &&
           (rule.any_remote() || matches(rule.selector, request));
}

// The rule's place in the order of section 7; lower decides first.
int place(const ReferenceGeneration& generation, const Rule& rule) {
    if (rule.expires && *rule.expires <= generation.compiled_at) {
        return 3;
    }
    switch (rule.rank) {
        case Rank::failsafe:
            return 0;
        case Rank::deny:
            return 1;
        case Rank::allow:
            break;
    }
    return 2;
}

bool expires_later(const Rule& a, const Rule& b) {
    return b.expires && (!a.expires || *a.expires > *b.expires);
}

const Rule* best_rule(const ReferenceGeneration& generation, const Request& request) {
    const Rule* best = nullptr;
    for (const Rule& rule : generation.policy.rules) {
        if (is_left_out(generation, rule) || !matches(rule, request)) {
            continue;
        }
        if (best == nullptr) {
            best = &rule;
            continue;
        }
        const int difference = place(generation, rule) - place(generation, *best);
        if (difference < 0 || (difference == 0 && expires_later(rule, *best))) {
            best = &rule;
        }
    }
    return best;
}

DropReason reason_of(const ReferenceGeneration& generation,
                     const Request& request,
                     const Rule* best) {
    if (best != nullptr && has_expired(generation, *best, request.now)) {
        return DropReason::rule_expired;
    }
    if (best != nullptr && best->rank == Rank::deny) {
        return DropReason::policy_deny;
    }
    const auto direction = static_cast<std::size_t>(request.direction);
    const bool open = generation.policy.default_action.at(direction) == Action::pass;
    return best != nullptr || open ? DropReason::none : DropReason::policy_default;
}

// When a bucket of one second's worth, at least one unit, is full again after one more unit.
// @return nullopt: the unit is over the limit
std::optional<BootTime> after_one(BootTime full_again, const Rate& rate, BootTime now) {
    const BootTime interval = BootTime(rate.per) / rate.count;
    const BootTime burst = std::max(interval, BootTime(std::chrono::seconds(1)));
    const BootTime next = std::max(full_again, now) + interval;
    return next - now > burst ? std::nullopt : std::optional(next);
}

}  // namespace

bool is_left_out(const ReferenceGeneration& generation, const Rule& rule) {
    return rule.rank == Rank::deny && rule.expires && *rule.expires <= generation.compiled_at;
}

bool has_expired(const ReferenceGeneration& generation, const Rule& rule, BootTime now) {
    return rule.expires &&
           now >= BootTime(rule.expires->time_since_epoch()) + generation.boot_minus_wall;
}

PolicyVerdict policy_verdict(const ReferenceGeneration& generation, const Request& request) {
    PolicyVerdict verdict;
    verdict.rule = best_rule(generation, request);
    verdict.reason = reason_of(generation, request, verdict.rule);

    if (request.of_tunnel && (verdict.reason == DropReason::policy_default ||
                              verdict.reason == DropReason::rule_expired)) {
        verdict = {};
    }
    const bool failsafe =
        verdict.rule != nullptr && verdict.rule->rank == Rank::failsafe && verdict.allowed();
    // In enforce, what no rule allows is dropped anyway and keeps its own reason.
    const bool looked_up = verdict.allowed() || generation.stage != Stage::enforce;
    if (request.blocklisted && looked_up && !failsafe &&
        verdict.reason != DropReason::policy_deny) {
        verdict.reason = DropReason::blocklist;
    }
    return verdict;
}

bool LimitState::take_new_flow(const Rule& rule, BootTime now) {
    if (!rule.limit.new_flows) {
        return take_packet(rule, now);
    }
    const auto next = after_one(flows_[&rule], *rule.limit.new_flows, now);
    if (!next || !take_packet(rule, now)) {
        return false;
    }
    flows_[&rule] = *next;
    return true;
}

bool LimitState::take_packet(const Rule& rule, BootTime now) {
    if (!rule.limit.packets) {
        return true;
    }
    const auto next = after_one(packets_[&rule], *rule.limit.packets, now);
    if (next) {
        packets_[&rule] = *next;
    }
    return next.has_value();
}

void LimitState::clear() {
    flows_.clear();
    packets_.clear();
}

}  // namespace tollgate::policy
