// SPDX-License-Identifier: MIT
#include "policy/precedence.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::policy {
namespace {

int rank_of(const Rule& rule, WallTime now) {
    constexpr int kExpired = static_cast<int>(Rank::allow) + 1;
    return is_expired(rule, now) ? kExpired : static_cast<int>(rule.rank);
}

}  // namespace

bool is_expired(const Rule& rule, WallTime now) {
    return rule.expires && *rule.expires <= now;
}

std::vector<const Rule*> by_precedence(const Policy& policy, WallTime now) {
    std::vector<const Rule*> rules;
    for (const Rule& rule : policy.rules) {
        if (rule.rank != Rank::deny || !is_expired(rule, now)) {
            rules.push_back(&rule);
        }
    }
    std::stable_sort(rules.begin(), rules.end(), [&](const Rule* a, const Rule* b) {
        const int rank_a = rank_of(*a, now);
        const int rank_b = rank_of(*b, now);
        return rank_a != rank_b
                   ? rank_a < rank_b
                   : a->expires.value_or(WallTime::max()) > b->expires.value_or(WallTime::max());
    });
    return rules;
}

}  // namespace tollgate::policy
