// SPDX-License-Identifier: MIT
#include <algorithm>
#include <set>
#include <string_view>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/explain.hpp"
#include "policy/learn_risk.hpp"
#include "policy/notation.hpp"
#include "policy/precedence.hpp"
#include "policy/validate.hpp"

namespace tollgate::policy {
namespace {

using Problems = std::vector<Problem>;

void warn(Problems& problems, Mark mark, std::string message, std::string hint = "") {
    report(problems, {mark, std::move(message), std::move(hint), Severity::warning});
}

void find_unused_groups(const Policy& policy, Problems& problems) {
    std::set<std::string_view> used;
    for (const Rule& rule : policy.rules) {
        used.insert(rule.remote.begin(), rule.remote.end());
    }
    for (const Group& group : policy.groups) {
        if (!used.contains(group.name)) {
            warn(problems, group.mark, fmt::format("no rule uses the group '{}'", group.name));
        }
    }
}

template <typename Members, typename Covers>
bool each_covered(const Members& outer, const Members& inner, Covers covers) {
    return std::all_of(inner.begin(), inner.end(), [&](const auto& member) {
        return std::any_of(
            outer.begin(), outer.end(), [&](const auto& other) { return covers(other, member); });
    });
}

bool covers_name(const NamePattern& outer, const NamePattern& inner) {
    return outer == inner || outer.matches(inner.name) ||
           (outer.wildcard && inner.wildcard && outer.name == inner.name);
}

bool covers_remote(const Rule& outer, const Rule& inner) {
    if (outer.any_remote() || inner.any_remote()) {
        return outer.any_remote();
    }
    const Selector& a = outer.selector;
    const Selector& b = inner.selector;
    const auto holds = [](const Prefix& p, const Prefix& q) {
        return p.contains(q);
    };
    return each_covered(a.prefixes, b.prefixes, holds) &&
           each_covered(a.macs, b.macs, std::equal_to<>{}) &&
           each_covered(a.peers, b.peers, std::equal_to<>{}) &&
           each_covered(a.names, b.names, covers_name);
}

bool covers_services(const Rule& outer, const Rule& inner) {
    if (outer.services.empty() || inner.services.empty()) {
        return outer.services.empty();
    }
    return std::all_of(inner.services.begin(), inner.services.end(), [&](const Service& service) {
        return covers(outer, service);
    });
}

// Whether `outer`, which has precedence, decides everything that `inner` matches, as long as it
// lives.
bool shadows(const Rule& outer, const Rule& inner) {
    const bool outlives =
        outer.expires.value_or(WallTime::max()) >= inner.expires.value_or(WallTime::max());
    const bool everywhere = outer.via == Via::any || outer.via == inner.via;
    return outlives && everywhere && outer.direction == inner.direction &&
           covers_services(outer, inner) && covers_remote(outer, inner);
}

void find_shadowed(const Policy& policy, Problems& problems) {
    constexpr std::size_t kSearchedMax = 4000;  // its square bounds the comparisons
    std::size_t size = policy.rules.size();
    for (const Rule& rule : policy.rules) {
        size += rule.selector.size();
    }
    if (size > kSearchedMax) {
        return;
    }
    const auto rules = by_precedence(policy, WallTime::min());
    for (auto inner = rules.begin(); inner != rules.end(); ++inner) {
        const auto outer = std::find_if(
            rules.begin(), inner, [&](const Rule* rule) { return shadows(*rule, **inner); });
        if (outer != inner) {
            warn(problems,
                 (*inner)->mark,
                 fmt::format("{} rule '{}' never decides: {} rule '{}' matches all that it does",
                             to_text((*inner)->rank),
                             (*inner)->name,
                             to_text((*outer)->rank),
                             (*outer)->name),
                 "remove one of them");
        }
    }
}

// Names become addresses only through DNS answers that the policy lets pass.
void find_unresolvable_names(const Policy& policy, Problems& problems) {
    const Service dns{IPPROTO_UDP, 53, 53};
    const bool resolves =
        policy.default_action.at(TG_EGRESS) == Action::pass ||
        std::any_of(policy.rules.begin(), policy.rules.end(), [&](const Rule& rule) {
            return rule.rank != Rank::deny && rule.direction == Direction::egress &&
                   covers(rule, dns);
        });
    const auto named = std::find_if(policy.rules.begin(), policy.rules.end(), [](const Rule& rule) {
        return !rule.selector.names.empty();
    });
    if (!resolves && named != policy.rules.end()) {
        warn(problems,
             named->mark,
             fmt::format("rule '{}' has DNS names, but no rule lets DNS out", named->name),
             "allow egress udp/53 to the resolver");
    }
}

void find_risks(const Rule& rule, Problems& problems) {
    if (rule.rank == Rank::deny || !rule.any_remote() || rule.direction == Direction::egress) {
        return;
    }
    if (rule.services.empty()) {
        warn(problems,
             rule.mark,
             fmt::format("rule '{}' lets everybody in on every port", rule.name),
             "name the remotes or the ports");
    }
    for (const Service& service : rule.services) {
        if (const std::string_view risk = risk_of(rule.direction, service); !risk.empty()) {
            warn(problems,
                 rule.mark,
                 fmt::format(
                     "rule '{}' opens {} to everybody ({})", rule.name, to_text(service), risk),
                 "name the remotes");
        }
    }
}

}  // namespace

std::vector<Problem> find_warnings(const Policy& policy) {
    Problems problems;
    find_unused_groups(policy, problems);
    find_shadowed(policy, problems);
    find_unresolvable_names(policy, problems);
    for (const Rule& rule : policy.rules) {
        find_risks(rule, problems);
    }
    const bool failsafe = std::any_of(policy.rules.begin(),
                                      policy.rules.end(),
                                      [](const Rule& rule) { return rule.rank == Rank::failsafe; });
    if (policy.mode == Stage::enforce && !failsafe) {
        warn(problems,
             {},
             "the policy enforces without a failsafe rule",
             "add one for the way in that you need to repair mistakes");
    }
    return problems;
}

}  // namespace tollgate::policy
