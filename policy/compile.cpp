// SPDX-License-Identifier: MIT
#include "policy/compile.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "policy/address_filter.hpp"
#include "policy/port_partition.hpp"
#include "policy/precedence.hpp"
#include "policy/remote_classes.hpp"
#include "policy/validate.hpp"

namespace tollgate::policy {
namespace {

using Rules = std::span<const Rule* const>;

// A token bucket as abi/policy.h wants it: nanoseconds per unit, and a second's worth of burst but
// at least one unit.
std::pair<std::uint64_t, std::uint64_t> bucket(const std::optional<Rate>& rate) {
    if (!rate) {
        return {0, 0};
    }
    const auto per = static_cast<std::uint64_t>(std::chrono::nanoseconds(rate->per).count());
    const std::uint64_t interval = std::max<std::uint64_t>(1, per / rate->count);
    return {interval, std::max<std::uint64_t>(interval, TG_SECOND)};
}

tg_rule to_abi(const Rule& rule) {
    tg_rule abi{};
    if (rule.expires) {  // 0 means never
        const auto seconds = rule.expires->time_since_epoch().count();
        abi.expires_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(1, seconds));
    }
    std::tie(abi.packet_interval_ns, abi.packet_burst_ns) = bucket(rule.limit.packets);
    std::tie(abi.flow_interval_ns, abi.flow_burst_ns) = bucket(rule.limit.new_flows);
    abi.action = rule.rank == Rank::deny ? TG_ACTION_DROP : TG_ACTION_PASS;
    abi.flags = static_cast<std::uint8_t>((rule.rank == Rank::failsafe ? TG_RULE_FAILSAFE : 0) |
                                          (rule.log ? TG_RULE_LOG : 0));
    return abi;
}

void number_rules(Rules rules, CompiledPolicy& compiled) {
    compiled.rules.emplace_back();
    compiled.rule_names.emplace_back();
    for (const Rule* const rule : rules) {
        compiled.rules.push_back(to_abi(*rule));
        compiled.rule_names.push_back(rule->name);
    }
}

// The rule decides in its port classes, unless an earlier one does.
void set_any_rule(const PortPartition& ports,
                  std::size_t rule,
                  std::vector<tg_port_rule>& classes) {
    for (const auto run : ports.runs(rule)) {
        for (const std::uint16_t port_class : run) {
            std::uint32_t& best = classes[port_class].any_rule;
            best = best == 0 ? static_cast<std::uint32_t>(rule + 1) : best;
        }
    }
}

void fill_port_rules(Rules rules, const PortPartition& ports, CompiledPolicy& compiled) {
    compiled.port_rules.resize(ports.classes());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i]->any_remote()) {
            set_any_rule(ports, i, compiled.port_rules);
        }
    }
}

// The first error, as far as a policy that no reader has checked may have one.
Result<void> refuse_invalid(const Policy& policy) {
    const auto errors = find_errors(policy);
    if (errors.empty()) {
        return {};
    }
    return failure(fmt::format("compile the policy '{}': {}", policy.name, errors.front().message));
}

}  // namespace

Result<CompiledPolicy> compile(const Policy& policy, WallTime now) {
    if (auto valid = refuse_invalid(policy); !valid) {
        return Failure{valid.error()};
    }
    const std::vector<const Rule*> rules = by_precedence(policy, now);
    const auto ports = PortPartition::of(rules);
    if (!ports) {
        return Failure{ports.error()};
    }
    CompiledPolicy compiled;
    number_rules(rules, compiled);
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
        const auto index = static_cast<std::size_t>(direction);
        for (const tg_link link : {TG_LINK_CLEAR, TG_LINK_TUNNEL}) {
            compiled.port_classes.at(link).at(index) = ports->class_of(link, direction);
        }
        compiled.default_action.at(index) =
            static_cast<std::uint8_t>(policy.default_action.at(index));
    }
    compiled.baseline = policy.baseline;
    fill_port_rules(rules, *ports, compiled);
    if (auto filled = fill_remote_tables(rules, *ports, compiled); !filled) {
        return Failure{filled.error()};
    }
    fill_address_filter(compiled);
    return compiled;
}

}  // namespace tollgate::policy
