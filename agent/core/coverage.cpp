// SPDX-License-Identifier: MIT
#include "agent/core/coverage.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

template <typename Items, typename Test>
bool all(const Items& items, Test test) {
    return std::all_of(items.begin(), items.end(), test);
}

template <typename Items, typename Test>
bool any(const Items& items, Test test) {
    return std::any_of(items.begin(), items.end(), test);
}

bool covers_name(const policy::NamePattern& outer, const policy::NamePattern& inner) {
    if (!outer.wildcard) {
        return outer == inner;
    }
    // "*.example.com" has every name of "*.a.example.com", and of itself.
    return outer == inner || outer.matches(inner.name);
}

bool covers_remote(const policy::Selector& outer, const policy::Selector& inner) {
    if (outer.empty()) {
        return true;
    }
    return !inner.empty() && all(inner.prefixes, [&](const Prefix& prefix) {
        return any(outer.prefixes, [&](const Prefix& p) { return p.contains(prefix); });
    }) && all(inner.macs, [&](const MacAddress& mac) {
        return any(outer.macs, [&](const MacAddress& m) { return m == mac; });
    }) && all(inner.names, [&](const policy::NamePattern& name) {
        return any(outer.names, [&](const auto& n) { return covers_name(n, name); });
    }) && all(inner.peers, [&](const std::string& peer) {
        return any(outer.peers, [&](const std::string& p) { return p == peer; });
    });
}

bool covers_via(const policy::Rule& outer, const policy::Rule& inner) {
    return outer.via == policy::Via::any || outer.via == inner.via;
}

bool covers_services(const policy::Rule& outer, const policy::Rule& inner) {
    if (outer.services.empty()) {
        return true;
    }
    return !inner.services.empty() && all(inner.services, [&](const policy::Service& service) {
        return any(outer.services, [&](const policy::Service& s) {
            return s.protocol == service.protocol && s.first <= service.first &&
                   s.last >= service.last;
        });
    });
}

bool has_rule(const policy::Policy& policy, const std::string& name) {
    return any(policy.rules, [&](const policy::Rule& rule) { return rule.name == name; });
}

std::string unused_name(const policy::Policy& policy, const std::string& wanted) {
    constexpr std::size_t kRoomForNumber = 57;  // of 63 characters
    std::string name = wanted;
    for (int i = 2; has_rule(policy, name); ++i) {
        name = fmt::format("{}-{}", wanted.substr(0, kRoomForNumber), i);
    }
    return name;
}

}  // namespace

bool covers(const policy::Rule& outer, const policy::Rule& inner) {
    return outer.rank != policy::Rank::deny && outer.direction == inner.direction &&
           !outer.expires && outer.limit == policy::Limit{} && covers_via(outer, inner) &&
           covers_services(outer, inner) && covers_remote(outer.selector, inner.selector);
}

bool covers(const policy::Policy& policy, const policy::Rule& rule) {
    return any(policy.rules, [&](const policy::Rule& outer) { return covers(outer, rule); });
}

policy::Policy with_rules_of(policy::Policy policy, const policy::Policy& proposed) {
    for (const policy::Rule& rule : proposed.rules) {
        if (covers(policy, rule)) {
            continue;
        }
        policy::Rule added = rule;
        added.name = unused_name(policy, rule.name);
        // What the rule names must mean the same without the proposal's groups.
        for (const std::string& remote : rule.remote) {
            const auto is_it = [&](const policy::Group& group) {
                return group.name == remote;
            };
            const auto group = std::find_if(proposed.groups.begin(), proposed.groups.end(), is_it);
            if (group != proposed.groups.end() && !any(policy.groups, is_it)) {
                policy.groups.push_back(*group);
            }
        }
        policy.rules.push_back(std::move(added));
    }
    std::stable_sort(
        policy.rules.begin(), policy.rules.end(), [](const policy::Rule& a, const policy::Rule& b) {
            const auto order = [](policy::Rank rank) {
                return rank == policy::Rank::failsafe ? 0 : rank == policy::Rank::allow ? 1 : 2;
            };
            return order(a.rank) < order(b.rank);
        });
    return policy;
}

}  // namespace tollgate::agent
