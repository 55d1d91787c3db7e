// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <netinet/in.h>

#include "policy/explain.hpp"
#include "policy/model.hpp"
#include "policy/notation.hpp"
#include "policy/yaml_rules.hpp"

namespace tollgate::tests {

/// Policies and tuples from small pools, so that rules overlap, nest and contradict each other
/// often. The same seed gives the same policies.
class RandomPolicy {
  public:
    explicit RandomPolicy(std::uint32_t seed) : random_(seed) {}

    static constexpr policy::WallTime kNow{std::chrono::seconds(1800000000)};

    policy::Policy policy() {
        policy::Policy policy;
        policy.name = "random";
        policy.description = chance(20) ? "two\nlines" : pick(kLines);
        policy.mode = static_cast<policy::Stage>(below(3));
        for (auto& action : policy.default_action) {
            action = static_cast<policy::Action>(below(2));
        }
        policy.baseline = below(1U << 7U);
        if (chance(30)) {
            policy.interfaces = {"eth0", "wlan0.7"};
        }
        if (chance(30)) {
            policy.labels = {{"site", pick(kLines)}, {"managed-by", "x"}};
        }
        add_groups(policy);
        for (const auto rank : {policy::Rank::failsafe, policy::Rank::allow, policy::Rank::deny}) {
            for (std::uint32_t i = below(6); i > 0; --i) {
                policy.rules.push_back(rule(policy, rank));
            }
        }
        return policy;
    }

    policy::Tuple tuple() {
        policy::Tuple tuple;
        tuple.direction = static_cast<policy::Direction>(below(2));
        tuple.remote = *IpAddress::parse(pick(kAddresses));
        tuple.link = chance(50) ? TG_LINK_CLEAR : TG_LINK_TUNNEL;
        if (tuple.link == TG_LINK_CLEAR && chance(80)) {
            tuple.mac = MacAddress::parse(pick(kMacs));
        }
        if (tuple.link == TG_LINK_TUNNEL && chance(80)) {
            tuple.peer = pick(kPeers);
        }
        for (const std::string_view name : kNames) {
            if (chance(20)) {
                tuple.names.emplace_back(name);
            }
        }
        tuple.service = *policy::parse_service(pick(kSingleServices));
        return tuple;
    }

  private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool chance(std::uint32_t percent) { return below(100) < percent; }

    template <typename Pool>
    std::string pick(const Pool& pool) {
        return std::string(pool.at(below(static_cast<std::uint32_t>(pool.size()))));
    }

    void add_groups(policy::Policy& policy) {
        for (std::uint32_t i = below(4); i > 0; --i) {
            policy::Group group;
            group.name = "group-" + std::to_string(i);
            const std::uint32_t kind = below(4);
            for (std::uint32_t members = 1 + below(3); members > 0; --members) {
                if (kind == 3) {
                    group.selector.peers.push_back(pick(kPeers));
                    continue;
                }
                const std::string text = kind == 0   ? pick(kPrefixes)
                                         : kind == 1 ? pick(kMacs)
                                                     : pick(kPatterns);
                std::ignore = policy::add_literal(text, group.selector);
            }
            policy.groups.push_back(group);
        }
    }

    policy::Rule rule(const policy::Policy& policy, policy::Rank rank) {
        policy::Rule rule;
        rule.name = "rule-" + std::to_string(++rules_);
        rule.rank = rank;
        rule.direction = static_cast<policy::Direction>(below(2));
        for (std::uint32_t i = below(4); i > 0; --i) {
            add_remote(policy, rule);
        }
        if (rule.remote.empty() && chance(25)) {
            rule.selector.peers.push_back(pick(kPeers));
        }
        rule.via = way_of(rank, rule.selector);
        add_services(rule);
        rule.log = chance(20);
        if (chance(30)) {
            rule.expires = kNow + std::chrono::seconds(int{below(5) < 3 ? 1 : -1} * int(below(9)));
        }
        if (chance(20)) {
            rule.limit.packets = policy::Rate{1 + below(1000), std::chrono::seconds(1)};
        }
        if (chance(20)) {
            rule.limit.new_flows = policy::Rate{1 + below(1000), std::chrono::seconds(60)};
        }
        if (chance(20)) {
            rule.learned = policy::Provenance{kNow - std::chrono::hours(26),
                                              kNow,
                                              below(1U << 20U),
                                              chance(50) ? pick(kLines) : ""};
        }
        return rule;
    }

    // None that the remote cannot take.
    policy::Via way_of(policy::Rank rank, const policy::Selector& selector) {
        if (!selector.macs.empty() && !selector.peers.empty()) {
            return policy::Via::any;
        }
        const bool clear = selector.peers.empty() && chance(20);
        const bool tunnel = selector.macs.empty() && chance(20);
        return clear    ? policy::Via::clear
               : tunnel ? policy::Via::tunnel
                        : policy::default_via(rank, selector);
    }

    void add_remote(const policy::Policy& policy, policy::Rule& rule) {
        if (!policy.groups.empty() && chance(40)) {
            const auto& group = policy.groups.at(below(std::uint32_t(policy.groups.size())));
            rule.remote.push_back(group.name);
            rule.selector.append(group.selector);
            return;
        }
        const std::uint32_t kind = below(5);
        rule.remote.push_back(kind == 0   ? pick(kMacs)
                              : kind == 1 ? pick(kPatterns)
                              : kind == 2 ? pick(kAddresses)
                                          : pick(kPrefixes));
        std::ignore = policy::add_literal(rule.remote.back(), rule.selector);
    }

    void add_services(policy::Rule& rule) {
        const bool ports = chance(60);
        if (!ports && chance(30)) {
            return;  // every protocol
        }
        for (std::uint32_t i = 1 + below(3); i > 0; --i) {
            const std::string text = ports ? pick(kPorts) : pick(kProtocols);
            rule.services.push_back(*policy::parse_service(text));
        }
    }

    using Pool = std::string_view;
    static constexpr std::array<Pool, 14> kPrefixes{"0.0.0.0/0",
                                                    "10.0.0.0/8",
                                                    "10.0.0.0/24",
                                                    "10.0.0.128/25",
                                                    "10.0.0.129",
                                                    "192.0.2.0/24",
                                                    "::/0",
                                                    "::/64",
                                                    "2001:db8::/32",
                                                    "2001:db8:1::/48",
                                                    "2001:db8:1::1",
                                                    "fe80::/10",
                                                    "8000::/1",
                                                    "::fffe:0:0/95"};
    static constexpr std::array<Pool, 12> kAddresses{"10.0.0.1",
                                                     "10.0.0.129",
                                                     "10.0.0.130",
                                                     "10.1.2.3",
                                                     "192.0.2.7",
                                                     "198.51.100.1",
                                                     "2001:db8:1::1",
                                                     "2001:db8::2",
                                                     "2001:db8:2::1",
                                                     "fe80::1",
                                                     "::fffe:0:1",
                                                     "2002::1"};
    static constexpr std::array<Pool, 3> kPeers{"nvr", "desk", "site-2"};
    static constexpr std::array<Pool, 3> kMacs{"02:00:00:00:00:01",
                                               "02:00:00:00:00:02",
                                               "12:34:56:12:34:56"};
    static constexpr std::array<Pool, 5> kPatterns{"example.com",
                                                   "*.example.com",
                                                   "a.example.com",
                                                   "*.a.example.com",
                                                   "example.net"};
    static constexpr std::array<Pool, 4> kNames{"example.com",
                                                "a.example.com",
                                                "b.a.example.com",
                                                "example.net"};
    static constexpr std::array<Pool, 8> kPorts{"tcp/443",
                                                "tcp/400-500",
                                                "tcp/500-600",
                                                "tcp/1-65535",
                                                "udp/443",
                                                "udp/53",
                                                "udp/1-1024",
                                                "tcp/65535"};
    static constexpr std::array<Pool, 8> kProtocols{"icmp",
                                                    "icmp/8-10",
                                                    "icmp/echo-request",
                                                    "icmpv6/128",
                                                    "icmpv6",
                                                    "gre",
                                                    "esp",
                                                    "igmp"};
    static constexpr std::array<Pool, 15> kSingleServices{"tcp/443",
                                                          "tcp/450",
                                                          "tcp/500",
                                                          "tcp/501",
                                                          "tcp/1",
                                                          "tcp/65535",
                                                          "udp/443",
                                                          "udp/53",
                                                          "udp/1",
                                                          "udp/1025",
                                                          "icmp/8",
                                                          "icmp/9",
                                                          "icmpv6/128",
                                                          "gre",
                                                          "sctp"};
    static constexpr std::array<Pool, 5> kLines{"plain words",
                                                "yes",
                                                "12",
                                                "a: b # c",
                                                R"(it's "q" \)"};

    std::mt19937 random_;
    std::uint32_t rules_ = 0;
};

}  // namespace tollgate::tests
