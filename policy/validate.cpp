// SPDX-License-Identifier: MIT
#include "policy/validate.hpp"

#include <map>
#include <string_view>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

void check_names(const Policy& policy, std::vector<Problem>& problems) {
    std::map<std::string_view, Mark> seen;
    for (const Rule& rule : policy.rules) {
        const auto [first, fresh] = seen.emplace(rule.name, rule.mark);
        if (!fresh && !rule.name.empty()) {
            report(problems,
                   {rule.mark,
                    "two rules have the name " + quoted(rule.name),
                    fmt::format("the other is in line {}", first->second.line)});
        }
    }
}

void check_limits(const Policy& policy, std::vector<Problem>& problems) {
    if (policy.rules.size() >= TG_RULES_MAX) {
        report(problems,
               {policy.rules[TG_RULES_MAX - 1].mark,
                fmt::format("a policy has at most {} rules", TG_RULES_MAX - 1),
                ""});
    }
}

}  // namespace

std::vector<Problem> validate(const Policy& policy) {
    std::vector<Problem> problems;
    check_names(policy, problems);
    check_limits(policy, problems);
    return problems;
}

}  // namespace tollgate::policy
