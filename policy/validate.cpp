// SPDX-License-Identifier: MIT
#include "policy/validate.hpp"

#include <map>
#include <string_view>

#include <netinet/in.h>

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

bool is_possible(const Service& service) {
    switch (service.protocol) {
        case IPPROTO_TCP:
        case IPPROTO_UDP:
            return service.first >= 1 && service.first <= service.last;
        case IPPROTO_ICMP:
        case IPPROTO_ICMPV6:
            return service.first <= service.last && service.last <= 255;
        default:
            return service.first == 0 && service.last == 0;
    }
}

void check_services(const Rule& rule, std::vector<Problem>& problems) {
    for (const Service& service : rule.services) {
        if (!is_possible(service)) {
            report(
                problems,
                {rule.mark,
                 fmt::format(
                     "rule {} has the impossible service {}", quoted(rule.name), to_text(service)),
                 ""});
        }
    }
}

}  // namespace

std::vector<Problem> find_errors(const Policy& policy) {
    std::vector<Problem> problems;
    check_names(policy, problems);
    check_limits(policy, problems);
    for (const Rule& rule : policy.rules) {
        check_services(rule, problems);
    }
    return problems;
}

std::vector<Problem> validate(const Policy& policy) {
    return find_errors(policy);
}

}  // namespace tollgate::policy
