// SPDX-License-Identifier: MIT
#include "tests/differential/random_policy.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace tollgate::test {
namespace {

using policy::Rank;
using policy::Rate;
using policy::Stage;

std::uint16_t random_port(FrameSource& random) {
    const auto& ports = FrameSource::ports();
    return ports[random.below(static_cast<std::uint32_t>(ports.size()))];
}

// As a file can say it: any protocol, ports of TCP or UDP or both, ICMP types, or other protocols.
std::vector<policy::Service> random_services(FrameSource& random) {
    static const std::vector<std::uint8_t> kOthers{
        IPPROTO_GRE, IPPROTO_ESP, IPPROTO_SCTP, IPPROTO_IPIP, IPPROTO_UDPLITE};
    const std::uint8_t icmp =
        random.once_in(2) ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
    const std::uint8_t transport =
        random.once_in(2) ? std::uint8_t{IPPROTO_TCP} : std::uint8_t{IPPROTO_UDP};
    const auto [first, last] = std::minmax({random_port(random), random_port(random)});
    switch (random.below(9)) {
        case 0:
            return {};
        case 1:
            return {service(icmp, 0, 255)};
        case 2:
            return {service(icmp, random.once_in(2) ? 8 : 128)};
        case 3:
            return {service(kOthers[random.below(5)])};
        case 4:
            return {service(transport, first, last)};
        case 5:
            return {service(IPPROTO_TCP, first, last), service(IPPROTO_UDP, first, last)};
        default:
            return {service(transport, first)};
    }
}

policy::Rule random_remote(FrameSource& random, policy::Rule rule) {
    const auto& hosts = FrameSource::remotes(!random.once_in(3));
    const IpAddress& host = hosts[random.below(static_cast<std::uint32_t>(hosts.size()))];
    static const std::vector<std::string> kPrefixes{"192.0.2.0/24",
                                                    "192.0.2.128/25",
                                                    "0.0.0.0/0",
                                                    "203.0.113.0/26",
                                                    "2001:db8::/32",
                                                    "::/0",
                                                    "2001:db8:8000::/33",
                                                    "fe80::/10"};
    switch (random.below(5)) {
        case 4: {
            const auto& peers = FrameSource::peers();
            rule.selector.peers.push_back(
                peers[random.below(static_cast<std::uint32_t>(peers.size()))]);
            return rule;
        }
        case 0:
            return towards(std::move(rule), host.to_string());
        case 1:
            return towards(std::move(rule),
                           "02:00:00:00:00:0" + std::to_string(1 + random.below(3)));
        case 2: {  // in all no more patterns than one address can have
            const auto& names = FrameSource::names();
            const auto& name = names[random.below(static_cast<std::uint32_t>(names.size()))];
            return named(std::move(rule), name, name.starts_with("example") && random.once_in(2));
        }
        default:
            return towards(std::move(rule), kPrefixes[random.below(8)]);
    }
}

// None that the remote cannot take.
policy::Via random_way(FrameSource& random, const policy::Selector& selector) {
    if (selector.peers.empty() && random.once_in(5)) {
        return policy::Via::clear;
    }
    return selector.macs.empty() && random.once_in(3) ? policy::Via::tunnel : policy::Via::any;
}

policy::Rule random_rule(FrameSource& random, std::uint32_t number) {
    const std::uint32_t rank = random.below(8);
    policy::Rule made = rule("rule-" + std::to_string(number),
                             rank == 0   ? Rank::failsafe
                             : rank <= 2 ? Rank::deny
                                         : Rank::allow,
                             random.once_in(2) ? Direction::ingress : Direction::egress);
    made.services = random_services(random);
    for (std::uint32_t i = random.below(4); i > 0; --i) {
        made = random_remote(random, std::move(made));
    }
    made.via = random_way(random, made.selector);
    if (random.once_in(8)) {
        made.limit.packets = Rate{1, std::chrono::seconds(60)};
    }
    if (random.once_in(8)) {
        made.limit.new_flows = Rate{1, std::chrono::seconds(60)};
    }
    if (random.once_in(6)) {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        made.expires = now + (random.once_in(2) ? std::chrono::seconds(-3600)
                                                : std::chrono::seconds(3600 + random.below(3)));
    }
    return made;
}

// The reader keeps the order of ranks; a policy that is made by hand keeps it too.
void sort_by_rank(std::vector<policy::Rule>& rules) {
    const auto place = [](const policy::Rule& rule) {
        return rule.rank == Rank::failsafe ? 0 : rule.rank == Rank::allow ? 1 : 2;
    };
    std::stable_sort(rules.begin(), rules.end(), [&](const auto& a, const auto& b) {
        return place(a) < place(b);
    });
}

}  // namespace

NextPolicy random_policy(FrameSource& random) {
    NextPolicy next;
    const std::uint32_t rules = random.below(24);
    for (std::uint32_t i = 0; i < rules; ++i) {
        next.policy.rules.push_back(random_rule(random, i));
    }
    sort_by_rank(next.policy.rules);
    next.policy.name = "random";
    next.policy.baseline = random.once_in(2) ? TG_BASELINE_DEFAULT : random.below(128);
    for (auto& action : next.policy.default_action) {
        action = random.once_in(6) ? policy::Action::pass : policy::Action::drop;
    }
    const std::uint32_t stage = random.below(5);
    next.stage = stage == 0 ? Stage::audit : stage == 1 ? Stage::learn : Stage::enforce;
    next.grace = std::chrono::seconds(random.once_in(3) ? 3600 : 0);
    return next;
}

}  // namespace tollgate::test
