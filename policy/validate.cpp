// SPDX-License-Identifier: MIT
#include "policy/validate.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include <netinet/in.h>

#include <fmt/format.h>

#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

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
    const bool ports = !rule.services.empty() && has_ports(rule.services.front());
    for (const Service& service : rule.services) {
        if (!is_possible(service)) {
            report(problems,
                   {rule.mark,
                    fmt::format("rule {} has the impossible service {}",
                                in_quotes(rule.name),
                                to_text(service)),
                    ""});
        } else if (has_ports(service) != ports) {
            report(problems,
                   {rule.mark,
                    fmt::format("rule {} has ports and other protocols", in_quotes(rule.name)),
                    "split it into two rules"});
        }
    }
}

void check_way(const Rule& rule, std::vector<Problem>& problems) {
    if (rule.via == Via::clear && !rule.selector.peers.empty()) {
        report(problems,
               {rule.mark,
                fmt::format("rule {} names a peer, and goes via clear", in_quotes(rule.name)),
                "a peer is behind its tunnel: write 'via: tunnel' or leave 'via' out"});
    }
    if (rule.via == Via::tunnel && !rule.selector.macs.empty()) {
        report(
            problems,
            {rule.mark,
             fmt::format("rule {} names a MAC address, and goes via tunnel", in_quotes(rule.name)),
             "packets in a tunnel have no MAC address: name the peer"});
    }
}

void check_group(const Group& group, std::vector<Problem>& problems) {
    const Selector& selector = group.selector;
    const std::array given{!selector.prefixes.empty(),
                           !selector.macs.empty(),
                           !selector.names.empty(),
                           !selector.peers.empty()};
    const auto kinds = std::count(given.begin(), given.end(), true);
    if (kinds != 1) {
        report(problems,
               {group.mark,
                fmt::format("group {} has {}",
                            in_quotes(group.name),
                            kinds == 0 ? "no members" : "members of different kinds"),
                ""});
    }
}

}  // namespace

std::vector<Problem> find_name_clashes(const Policy& policy) {
    std::vector<Problem> problems;
    std::map<std::string_view, Mark> seen;
    for (const Rule& rule : policy.rules) {
        const auto [first, fresh] = seen.emplace(rule.name, rule.mark);
        if (!fresh && !rule.name.empty()) {
            report(problems,
                   {rule.mark,
                    "two rules have the name " + in_quotes(rule.name),
                    fmt::format("the other is in line {}", first->second.line)});
        }
    }
    return problems;
}

std::vector<Problem> find_errors(const Policy& policy) {
    std::vector<Problem> problems = find_name_clashes(policy);
    check_limits(policy, problems);
    for (const Group& group : policy.groups) {
        check_group(group, problems);
    }
    for (const Rule& rule : policy.rules) {
        check_services(rule, problems);
        check_way(rule, problems);
    }
    return problems;
}

std::vector<Problem> find_unknown_peers(const Policy& policy, const std::set<std::string>& peers) {
    std::vector<Problem> problems;
    const std::vector<std::string_view> known{peers.begin(), peers.end()};
    std::set<std::string_view> told;
    const auto check = [&](const Selector& selector, const Mark& mark) {
        for (const std::string& peer : selector.peers) {
            if (!peers.contains(peer) && told.insert(peer).second) {
                const std::string hint = did_you_mean(peer, known);
                report(problems,
                       {mark,
                        fmt::format("no tunnel has a peer {}", in_quotes(peer)),
                        hint.empty() ? "see `tollgate tunnel show` for the peers that there are"
                                     : hint});
            }
        }
    };
    for (const Group& group : policy.groups) {
        check(group.selector, group.mark);
    }
    for (const Rule& rule : policy.rules) {
        check(rule.selector, rule.mark);
    }
    return problems;
}

std::vector<Problem> validate(const Policy& policy) {
    auto problems = find_errors(policy);
    return problems.empty() ? find_warnings(policy) : problems;
}

}  // namespace tollgate::policy
