// SPDX-License-Identifier: MIT
#include "policy/learn_policy.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <netinet/in.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/domain.hpp"
#include "policy/learn_risk.hpp"
#include "policy/notation.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t kNameMax = 63;
constexpr std::size_t kNamesShown = 4;
constexpr std::string_view kLan = "lan";

/// A rule in the making.
struct Draft {
    Direction direction = Direction::egress;
    Via via = Via::clear;
    std::set<Service> services;
    std::set<std::string> remote;  ///< as in the keys of candidates; empty: any
    Selector selector;
    std::string topic;  ///< what drafts with the same services are joined by
    ServiceEvidence evidence;
    std::set<std::string> names;
    std::set<std::string> approvers;
    bool approved = true;
};

// "dns", "ntp", "ping": services that have one rule whatever their remotes.
std::string tidy_topic(const Service& service) {
    const std::string word = service_word(service);
    return word == "dns" || word == "ntp" || word == "ping" ? word : "";
}

// Whose peers, local or not, or the owner of the name.
std::string topic_of(const Rule& rule) {
    if (std::string tidy = tidy_topic(rule.services.front()); !tidy.empty()) {
        return tidy;
    }
    if (!rule.selector.names.empty()) {
        const std::string& name = rule.selector.names.front().name;
        const std::string_view domain = registered_domain(name);
        return std::string(domain.empty() ? name : domain);
    }
    if (!rule.selector.peers.empty()) {
        return "peers";
    }
    if (rule.selector.prefixes.empty()) {
        return "any";
    }
    const IpAddress& address = rule.selector.prefixes.front().address;
    if (address.is_multicast()) {
        return "multicast";
    }
    return address.is_private() && rule.via != Via::tunnel ? std::string(kLan) : "addresses";
}

void join(Draft& into, const Draft& other) {
    into.services.insert(other.services.begin(), other.services.end());
    const bool any = into.remote.empty() || other.remote.empty();
    into.remote.insert(other.remote.begin(), other.remote.end());
    const auto add = [](auto& to, const auto& from) {
        to.insert(to.end(), from.begin(), from.end());
        std::sort(to.begin(), to.end());
        to.erase(std::unique(to.begin(), to.end()), to.end());
    };
    add(into.selector.prefixes, other.selector.prefixes);
    add(into.selector.names, other.selector.names);
    add(into.selector.peers, other.selector.peers);
    if (any) {
        into.remote.clear();
        into.selector = {};
    }
    into.via = into.via == other.via ? into.via : Via::any;
    into.evidence += other.evidence;
    into.names.insert(other.names.begin(), other.names.end());
    into.approvers.insert(other.approvers.begin(), other.approvers.end());
    into.approved = into.approved && other.approved;
}

// Joins the drafts whose keys are equal; the order of first appearance stays.
template <typename KeyOf>
std::vector<Draft> joined(const std::vector<Draft>& drafts, const KeyOf& key_of) {
    std::vector<Draft> result;
    std::map<decltype(key_of(drafts.front())), std::size_t> index;
    for (const Draft& draft : drafts) {
        const auto [known, created] = index.try_emplace(key_of(draft), result.size());
        if (created) {
            result.push_back(draft);
        } else {
            join(result[known->second], draft);
        }
    }
    return result;
}

std::vector<Draft> drafts_of(const std::vector<Candidate>& candidates) {
    std::vector<Draft> drafts;
    for (const Candidate& candidate : candidates) {
        const Rule& rule = candidate.rule;
        Draft draft;
        draft.direction = rule.direction;
        draft.via = rule.via;
        draft.services = {rule.services.front()};
        draft.remote = {rule.remote.begin(), rule.remote.end()};
        std::transform(rule.selector.peers.begin(),
                       rule.selector.peers.end(),
                       std::inserter(draft.remote, draft.remote.end()),
                       remote_of_peer);
        draft.selector = rule.selector;
        draft.topic = topic_of(rule);
        draft.evidence = candidate.evidence;
        draft.names = {candidate.names.begin(), candidate.names.end()};
        draft.approved = candidate.decision == Decision::approved;
        if (draft.approved) {
            draft.approvers.insert(candidate.decided_by);
        }
        drafts.push_back(std::move(draft));
    }
    return drafts;
}

// What is joined has one direction and one link, peers stay among peers, and services with ports
// among such: a rule has no others.
auto kind_of(const Draft& draft) {
    return std::tuple(draft.direction,
                      draft.via,
                      !draft.selector.peers.empty(),
                      has_ports(*draft.services.begin()));
}

std::vector<Draft> condensed(std::vector<Draft> drafts) {
    const auto tidy = [](const Draft& draft) {
        return tidy_topic(*draft.services.begin());
    };
    drafts = joined(drafts, [&](const Draft& draft) {
        const bool merges = !tidy(draft).empty();
        return std::tuple(
            kind_of(draft), tidy(draft), merges ? std::set<std::string>{} : draft.remote);
    });
    drafts = joined(drafts, [](const Draft& draft) {
        return std::tuple(kind_of(draft), draft.services, draft.topic, draft.remote.empty());
    });
    if (drafts.size() > kRulesWanted) {
        drafts = joined(drafts, [](const Draft& draft) {
            return std::tuple(kind_of(draft), draft.services, draft.remote.empty());
        });
    }
    // Seen on both links: one rule for both.
    return joined(drafts, [](const Draft& draft) {
        return std::tuple(draft.direction, draft.services, draft.remote);
    });
}

// What is left of a name if other patterns of the same rule hold it already: nothing.
void drop_covered_names(Draft& draft) {
    const std::vector<NamePattern> patterns = draft.selector.names;
    std::erase_if(draft.selector.names, [&](const NamePattern& name) {
        const bool covered =
            std::any_of(patterns.begin(), patterns.end(), [&](const NamePattern& other) {
                return other.wildcard && other != name && name.name.ends_with("." + other.name);
            });
        if (covered) {
            draft.remote.erase(name.to_string());
        }
        return covered;
    });
}

std::string dashed(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (kept) {
            result += c;
        } else if (!result.empty() && result.back() != '-') {
            result += '-';
        }
    }
    return result;
}

std::string remote_word(const Draft& draft) {
    const bool one = draft.remote.size() == 1;
    if (one && !draft.selector.peers.empty()) {
        return draft.selector.peers.front();
    }
    if (draft.topic == kLan && !(one && draft.selector.prefixes.front().is_host())) {
        return std::string(kLan);
    }
    if (one && *draft.remote.begin() == "255.255.255.255") {
        return "broadcast";
    }
    if (one && !draft.selector.prefixes.empty()) {
        return dashed(draft.remote.begin()->substr(0, draft.remote.begin()->find('/')));
    }
    if (one) {
        return dashed(draft.selector.names.front().name);
    }
    return dashed(draft.topic);
}

std::string name_of(const Draft& draft) {
    const std::string word = service_word(*draft.services.begin());
    std::string name = word;
    const bool alone = !tidy_topic(*draft.services.begin()).empty() || draft.topic == "multicast";
    if (!alone) {
        const std::string remote = remote_word(draft);
        const bool several = draft.services.size() > 1;
        name = several ? remote : remote == kLan ? remote + "-" + word : word + "-" + remote;
    }
    const bool says_tunnel = !alone && !draft.selector.peers.empty();
    name += draft.via == Via::tunnel && !says_tunnel ? "-tunnel" : "";
    name += draft.direction == Direction::ingress ? "-in" : "";
    return name;
}

// Cut to size and made unique by a number.
std::string unique_name(std::string name, std::set<std::string>& taken) {
    constexpr std::size_t kNumberRoom = 4;
    name.resize(std::min(name.size(), kNameMax - kNumberRoom));
    while (name.ends_with("-")) {
        name.pop_back();
    }
    std::string result = name;
    for (int number = 2; !taken.insert(result).second; ++number) {
        result = fmt::format("{}-{}", name, number);
    }
    return result;
}

Rule rule_of(const Draft& draft) {
    Rule rule;
    rule.direction = draft.direction;
    rule.via = draft.via;
    rule.services = {draft.services.begin(), draft.services.end()};
    rule.selector = draft.selector;
    for (const Prefix& prefix : draft.selector.prefixes) {
        rule.remote.push_back(prefix.to_string());
    }
    for (const NamePattern& name : draft.selector.names) {
        rule.remote.push_back(name.to_string());
    }
    const ServiceEvidence& evidence = draft.evidence;
    if (evidence.flows > 0) {
        rule.comment = evidence_line(evidence, {draft.names.begin(), draft.names.end()});
        Provenance learned;
        learned.first_seen = std::chrono::floor<std::chrono::seconds>(evidence.first_seen);
        learned.last_seen = std::chrono::floor<std::chrono::seconds>(evidence.last_seen);
        learned.packets = evidence.packets;
        if (draft.approved && draft.approvers.size() == 1) {
            learned.approved_by = *draft.approvers.begin();
        }
        rule.learned = learned;
    }
    return rule;
}

bool is_local_part(const Prefix& prefix) {
    return !prefix.is_host() && prefix.address.is_private();
}

// Gives the prefixes of the local network a name, in the rules for the clear: the name stands for
// all of them, and those of other rules were perhaps seen in a tunnel.
void add_lan_group(Policy& policy) {
    std::set<Prefix> parts;
    for (const Rule& rule : policy.rules) {
        if (rule.via != Via::clear) {
            continue;
        }
        for (const Prefix& prefix : rule.selector.prefixes) {
            if (is_local_part(prefix)) {
                parts.insert(prefix);
            }
        }
    }
    if (parts.empty()) {
        return;
    }
    Group lan{std::string(kLan), {{parts.begin(), parts.end()}, {}, {}}, {}};
    for (Rule& rule : policy.rules) {
        auto& prefixes = rule.selector.prefixes;
        if (rule.via != Via::clear ||
            std::none_of(prefixes.begin(), prefixes.end(), is_local_part)) {
            continue;
        }
        std::erase_if(rule.remote, [&](const std::string& text) {
            const auto prefix = Prefix::parse(text);
            return prefix && std::any_of(parts.begin(), parts.end(), [&](const Prefix& part) {
                       return part.contains(*prefix);
                   });
        });
        std::erase_if(prefixes, [&](const Prefix& prefix) {
            return std::any_of(parts.begin(), parts.end(), [&](const Prefix& part) {
                return part.contains(prefix);
            });
        });
        rule.remote.insert(rule.remote.begin(), std::string(kLan));
        prefixes.insert(prefixes.begin(), parts.begin(), parts.end());
    }
    policy.groups.push_back(std::move(lan));
}

}  // namespace

std::string evidence_line(const ServiceEvidence& evidence, const std::vector<std::string>& names) {
    const auto day = [](Timestamp at) {
        const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
        return fmt::format("{:04}-{:02}-{:02}",
                           static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()),
                           static_cast<unsigned>(date.day()));
    };
    const std::string first = day(evidence.first_seen);
    const std::string last = day(evidence.last_seen);
    const auto counted = [](std::uint64_t count, std::string_view noun) {
        return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
    };
    std::string line = fmt::format("{} in {}, {}, {} of the week",
                                   counted(evidence.packets, "packet"),
                                   counted(evidence.flows, "flow"),
                                   first == last ? first : first + " to " + last,
                                   counted(evidence.hours.count(), "hour"));
    if (!names.empty()) {
        const std::size_t shown = std::min(names.size(), kNamesShown);
        line += fmt::format(
            "; {}",
            fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
        line += names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "";
    }
    return line;
}

Policy policy_of(const std::vector<Candidate>& candidates) {
    Policy policy;
    std::set<std::string> taken;
    for (Draft& draft : condensed(drafts_of(candidates))) {
        drop_covered_names(draft);
        Rule rule = rule_of(draft);
        rule.name = unique_name(name_of(draft), taken);
        policy.rules.push_back(std::move(rule));
    }
    add_lan_group(policy);
    return policy;
}

}  // namespace tollgate::policy
