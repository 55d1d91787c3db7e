// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "policy/notation.hpp"
#include "policy/precedence.hpp"

namespace tollgate::policy {
namespace {

using Differs = NearMiss::Differs;

constexpr unsigned kFar = std::numeric_limits<unsigned>::max();

bool same_protocol(const Rule& rule, const Tuple& tuple) {
    return std::any_of(rule.services.begin(), rule.services.end(), [&](const Service& service) {
        return service.protocol == tuple.service.protocol;
    });
}

// How many ports lie between the rule's services and the tuple's.
unsigned port_distance(const Rule& rule, const Tuple& tuple) {
    unsigned nearest = kFar;
    for (const Service& service : rule.services) {
        if (service.protocol == tuple.service.protocol) {
            const int below = int{service.first} - int{tuple.service.first};
            const int above = int{tuple.service.first} - int{service.last};
            nearest = std::min(nearest, static_cast<unsigned>(std::max({below, above, 0})));
        }
    }
    return nearest;
}

// The bits after the common beginning of an address and a prefix.
unsigned address_distance(const Rule& rule, const Tuple& tuple) {
    unsigned nearest = kFar;
    for (const Prefix& prefix : rule.selector.prefixes) {
        if (prefix.address.is_ipv4() != tuple.remote.is_ipv4()) {
            continue;
        }
        unsigned common = 0;
        for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
            const auto difference =
                static_cast<std::uint8_t>(prefix.address.bytes[i] ^ tuple.remote.bytes[i]);
            common += static_cast<unsigned>(std::countl_zero(difference));
            if (difference != 0) {
                break;
            }
        }
        nearest = std::min(nearest, 128 - common);
    }
    return nearest;
}

/// A near miss and how far it is, for ordering.
struct Candidate {
    NearMiss miss;
    unsigned distance = 0;
};

std::optional<Candidate> near_miss(const Rule& rule, const Tuple& tuple, WallTime now) {
    const bool direction = rule.direction == tuple.direction;
    const bool via = rule.is_on(tuple.link);
    const bool unknown = !via && !rule.selector.peers.empty();  // who a peer is, a tunnel knows
    const bool remote = rule.any_remote() || unknown || covers(rule.selector, tuple);
    const bool service = covers(rule, tuple.service);
    const bool alive = !is_expired(rule, now);
    const std::array same{direction, remote, service, alive, via};
    if (std::count(same.begin(), same.end(), false) != 1) {
        return std::nullopt;
    }
    if (!alive) {
        return Candidate{{&rule, Differs::expired}, 0};
    }
    if (!direction) {
        return Candidate{{&rule, Differs::direction}, 0};
    }
    if (!via) {
        return Candidate{{&rule, Differs::via}, 0};
    }
    if (!remote) {
        return Candidate{{&rule, Differs::remote}, address_distance(rule, tuple)};
    }
    return same_protocol(rule, tuple)
               ? Candidate{{&rule, Differs::port}, port_distance(rule, tuple)}
               : Candidate{{&rule, Differs::protocol}, 0};
}

std::vector<NearMiss> find_near_misses(const Policy& policy,
                                       const Tuple& tuple,
                                       WallTime now,
                                       std::size_t limit) {
    std::vector<Candidate> candidates;
    for (const Rule& rule : policy.rules) {
        const auto candidate = rule.rank == Rank::deny ? std::nullopt : near_miss(rule, tuple, now);
        if (candidate) {
            candidates.push_back(*candidate);
        }
    }
    std::stable_sort(
        candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
            return std::tie(a.miss.differs, a.distance) < std::tie(b.miss.differs, b.distance);
        });
    candidates.resize(std::min(limit, candidates.size()));
    std::vector<NearMiss> misses;
    for (const Candidate& candidate : candidates) {
        misses.push_back(candidate.miss);
    }
    return misses;
}

std::string place_of(const Rule& rule) {
    const std::string line = rule.mark.line == 0 ? "" : fmt::format(", line {}", rule.mark.line);
    return fmt::format("{} {}{}", to_text(rule.rank), rule.name, line);
}

std::string remote_text(const Rule& rule) {
    if (rule.any_remote()) {
        return "any";
    }
    const auto texts = rule.remote.empty() ? to_texts(rule.selector) : rule.remote;
    return fmt::format("{}", fmt::join(texts, ", "));
}

DropReason reason_of(const Policy& policy, const Tuple& tuple, const Rule* decides, WallTime now) {
    if (decides == nullptr) {
        const auto direction = static_cast<std::size_t>(tuple.direction);
        return policy.default_action.at(direction) == Action::pass ? DropReason::none
                                                                   : DropReason::policy_default;
    }
    if (decides->rank == Rank::deny) {
        return DropReason::policy_deny;
    }
    return is_expired(*decides, now) ? DropReason::rule_expired : DropReason::none;
}

}  // namespace

bool covers(const Rule& rule, const Service& service) {
    return rule.services.empty() ||
           std::any_of(rule.services.begin(), rule.services.end(), [&](const Service& own) {
               return own.protocol == service.protocol && own.first <= service.first &&
                      service.last <= own.last;
           });
}

bool covers(const Selector& selector, const Tuple& tuple) {
    const auto holds = [&](const Prefix& prefix) {
        return prefix.contains(tuple.remote);
    };
    const auto is_mac = [&](const MacAddress& mac) {
        return tuple.link == TG_LINK_CLEAR && mac == tuple.mac;
    };
    const auto is_peer = [&](const std::string& peer) {
        return tuple.link == TG_LINK_TUNNEL && peer == tuple.peer;
    };
    const auto names = [&](const NamePattern& pattern) {
        return std::any_of(tuple.names.begin(), tuple.names.end(), [&](const std::string& name) {
            return pattern.matches(name);
        });
    };
    return std::any_of(selector.prefixes.begin(), selector.prefixes.end(), holds) ||
           std::any_of(selector.macs.begin(), selector.macs.end(), is_mac) ||
           std::any_of(selector.peers.begin(), selector.peers.end(), is_peer) ||
           std::any_of(selector.names.begin(), selector.names.end(), names);
}

bool matches(const Rule& rule, const Tuple& tuple) {
    return rule.is_on(tuple.link) && rule.direction == tuple.direction &&
           covers(rule, tuple.service) && (rule.any_remote() || covers(rule.selector, tuple));
}

std::string NearMiss::to_string() const {
    std::string what;
    switch (differs) {
        case Differs::expired:
            what = "everything matches, but it expired " +
                   (rule->expires ? to_text(*rule->expires) : std::string("never"));
            break;
        case Differs::port:
            what = fmt::format("remote matches, {} differs: {}",
                               has_ports(rule->services.front()) ? "port" : "type",
                               to_text(rule->services));
            break;
        case Differs::remote:
            what = "port matches, remote differs: " + remote_text(*rule);
            break;
        case Differs::direction:
            what = fmt::format("all matches but the direction: {}", to_text(rule->direction));
            break;
        case Differs::via:
            what = fmt::format("all matches but the way: via {}", to_text(rule->via));
            break;
        case Differs::protocol:
            what = "remote matches, protocol differs: " + to_text(rule->services);
            break;
    }
    return fmt::format("{} ({})", what, place_of(*rule));
}

std::string Explanation::to_string() const {
    std::string text =
        fmt::format("{} ({})\n",
                    passes() ? "pass" : "drop",
                    decides == nullptr ? "no rule matches: the default" : place_of(*decides));
    for (std::size_t i = 1; i < matching.size(); ++i) {
        text += fmt::format("  also matches: {}\n", place_of(*matching[i]));
    }
    for (const NearMiss& miss : near_misses) {
        text += fmt::format("  nearest: {}\n", miss.to_string());
    }
    return text;
}

Explanation explain(const Policy& policy,
                    const Tuple& tuple,
                    WallTime now,
                    std::size_t near_misses) {
    Explanation explanation;
    for (const Rule* const rule : by_precedence(policy, now)) {
        if (matches(*rule, tuple)) {
            explanation.matching.push_back(rule);
        }
    }
    explanation.decides = explanation.matching.empty() ? nullptr : explanation.matching.front();
    explanation.reason = reason_of(policy, tuple, explanation.decides, now);
    if (explanation.reason == DropReason::policy_default ||
        explanation.reason == DropReason::rule_expired) {
        explanation.near_misses = find_near_misses(policy, tuple, now, near_misses);
    }
    return explanation;
}

}  // namespace tollgate::policy
