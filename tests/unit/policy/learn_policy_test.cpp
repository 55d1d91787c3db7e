// SPDX-License-Identifier: MIT
#include "policy/learn_policy.hpp"

#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/learn.hpp"
#include "policy/notation.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_writer.hpp"
#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

policy::Candidate candidate(std::string_view key) {
    auto result = policy::candidate_of(key).value();
    result.evidence.flows = 1;
    result.evidence.packets = 3;
    result.evidence.first_seen = result.evidence.last_seen = test::kMonday;
    return result;
}

// "NAME: REMOTES: SERVICES" of each rule.
std::vector<std::string> rules_of(const std::vector<std::string_view>& keys) {
    std::vector<policy::Candidate> candidates;
    for (const std::string_view key : keys) {
        candidates.push_back(candidate(key));
    }
    std::vector<std::string> result;
    for (const policy::Rule& rule : policy::policy_of(candidates).rules) {
        std::string remote;
        for (const std::string& text : rule.remote) {
            remote += text + " ";
        }
        result.push_back(fmt::format(
            "{}: {}: {}", rule.name, remote, policy::to_text(std::span(rule.services))));
    }
    return result;
}

TEST(LearnedPolicy, NamesARuleAfterServiceAndName) {
    EXPECT_THAT(rules_of({"egress tcp/443 ota.example.com"}),
                ElementsAre("https-ota-example-com: ota.example.com : tcp/443"));
}

TEST(LearnedPolicy, PortsOfOneRemoteShareARule) {
    EXPECT_THAT(rules_of({"egress tcp/443 ota.example.com", "egress tcp/8883 ota.example.com"}),
                ElementsAre("ota-example-com: ota.example.com : tcp/443, tcp/8883"));
}

TEST(LearnedPolicy, ServicesWithoutPortsHaveRulesOfTheirOwn) {
    EXPECT_THAT(
        rules_of({"egress udp/500 192.0.2.7", "egress esp 192.0.2.7"}),
        ElementsAre("udp-500-192-0-2-7: 192.0.2.7 : udp/500", "esp-192-0-2-7: 192.0.2.7 : esp"));
    EXPECT_THAT(rules_of({"ingress icmp/echo-reply 192.0.2.7",
                          "ingress tcp/22 192.0.2.7",
                          "ingress gre 192.0.2.7",
                          "ingress tcp/80 192.0.2.7"}),
                ElementsAre("192-0-2-7-in: 192.0.2.7 : icmp/echo-reply, gre",
                            "192-0-2-7-in-2: 192.0.2.7 : tcp/22, tcp/80"));
}

// A candidate of small pools, so that candidates often have the remote or the service in common.
std::string any_key(std::mt19937& random) {
    static const std::vector<std::string> kServices{"tcp/22",
                                                    "tcp/443",
                                                    "udp/53",
                                                    "udp/123",
                                                    "udp/500",
                                                    "udp/1024-65535",
                                                    "icmp",
                                                    "icmp/echo-request",
                                                    "icmp/echo-reply",
                                                    "icmpv6/echo-request",
                                                    "icmpv6/echo-reply",
                                                    "igmp",
                                                    "esp",
                                                    "ah",
                                                    "gre",
                                                    "sctp",
                                                    "udplite",
                                                    "ipip",
                                                    "6in4"};
    static const std::vector<std::string> kRemotes{"192.0.2.7",
                                                   "192.168.1.0/24",
                                                   "192.168.1.9",
                                                   "2001:db8::7",
                                                   "224.0.0.251",
                                                   "ff02::fb",
                                                   "255.255.255.255",
                                                   "a.example.com",
                                                   "example.com,*.example.com",
                                                   "b.example.org",
                                                   "any"};
    const auto pick = [&](const std::vector<std::string>& from) {
        return from[random() % from.size()];
    };
    const std::string way = random() % 2 == 0 ? "egress " : "ingress ";
    if (random() % 8 == 0) {
        return way + pick(kServices) + " peer:nvr via tunnel";
    }
    static const std::vector<std::string> kVia{"", "", " via tunnel", " via any"};
    return way + pick(kServices) + " " + pick(kRemotes) + pick(kVia);
}

TEST(LearnedPolicy, TheReaderAcceptsEveryMixOfCandidates) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<policy::Candidate> candidates;
        std::string keys;
        for (std::size_t count = 1 + random() % 60; count > 0; --count) {
            candidates.push_back(candidate(any_key(random)));
            keys += candidates.back().key + "\n";
        }
        policy::Policy proposed = policy::policy_of(candidates);
        proposed.name = "learned";
        const std::string text = policy::write_policy(proposed);
        const policy::Reading reading = policy::read_policy(text);
        ASSERT_TRUE(reading.policy) << reading.problems.front().message << "\n" << keys << text;
        ASSERT_EQ(reading.policy->rules.size(), proposed.rules.size()) << keys;
        for (std::size_t i = 0; i < proposed.rules.size(); ++i) {
            ASSERT_EQ(reading.policy->rules[i].services, proposed.rules[i].services) << keys;
            ASSERT_EQ(reading.policy->rules[i].selector, proposed.rules[i].selector) << keys;
        }
    }
}

TEST(LearnedPolicy, NamesOfOneDomainWithTheSameServicesShareARule) {
    EXPECT_THAT(rules_of({"egress tcp/443 a.example.com", "egress tcp/443 b.example.com"}),
                ElementsAre("https-example-com: a.example.com b.example.com : tcp/443"));
}

TEST(LearnedPolicy, ANameThatAWildcardHoldsIsNotListed) {
    EXPECT_THAT(rules_of({"egress tcp/443 a.example.com", "egress tcp/443 *.example.com"}),
                ElementsAre("https-example-com: *.example.com : tcp/443"));
}

TEST(LearnedPolicy, DnsNtpAndPingAreTidyRules) {
    EXPECT_THAT(rules_of({"egress udp/53 192.168.1.1",
                          "egress tcp/53 192.168.1.1",
                          "egress udp/53 192.168.1.2",
                          "egress udp/123 pool.ntp.org",
                          "egress udp/123 192.0.2.1",
                          "egress icmp/echo-request 192.168.1.1"}),
                ElementsAre("dns: 192.168.1.1 192.168.1.2 : tcp/53, udp/53",
                            "ntp: 192.0.2.1 pool.ntp.org : udp/123",
                            "ping: 192.168.1.1 : icmp/echo-request"));
}

TEST(LearnedPolicy, TheLocalNetworkIsAGroup) {
    const auto policy = policy::policy_of(
        {candidate("ingress tcp/80 192.168.1.0/24"), candidate("egress tcp/554 192.168.1.0/24")});
    ASSERT_THAT(policy.groups, SizeIs(1));
    EXPECT_EQ(policy.groups[0].name, "lan");
    ASSERT_THAT(policy.rules, SizeIs(2));
    EXPECT_EQ(policy.rules[0].name, "lan-http-in");
    EXPECT_THAT(policy.rules[0].remote, ElementsAre("lan"));
    EXPECT_EQ(policy.rules[0].selector, policy.groups[0].selector);
    EXPECT_EQ(policy.rules[1].name, "lan-rtsp");
}

TEST(LearnedPolicy, MulticastRulesAreNamedAfterTheirService) {
    EXPECT_THAT(
        rules_of({"egress udp/5353 224.0.0.251",
                  "egress udp/5353 ff02::fb",
                  "egress udp/1900 239.255.255.250"}),
        ElementsAre("mdns: 224.0.0.251 ff02::fb : udp/5353", "ssdp: 239.255.255.250 : udp/1900"));
}

TEST(LearnedPolicy, AnyHasNoRemote) {
    EXPECT_THAT(rules_of({"egress udp/123 any"}), ElementsAre("ntp: : udp/123"));
    EXPECT_THAT(rules_of({"egress tcp/3478 any"}), ElementsAre("tcp-3478-any: : tcp/3478"));
}

TEST(LearnedPolicy, AnyTakesInAllOthers) {
    EXPECT_THAT(rules_of({"egress udp/123 any", "egress udp/123 pool.ntp.org"}),
                ElementsAre("ntp: : udp/123"));
}

TEST(LearnedPolicy, NamesAreUniqueAndAtMost63Long) {
    const std::string label(60, 'x');
    const auto policy = policy::policy_of({candidate("egress tcp/443 " + label + ".example.com"),
                                           candidate("egress tcp/443 " + label + ".example.org")});
    ASSERT_THAT(policy.rules, SizeIs(2));
    EXPECT_NE(policy.rules[0].name, policy.rules[1].name);
    for (const auto& rule : policy.rules) {
        EXPECT_LE(rule.name.size(), 63U);
        EXPECT_TRUE(policy::is_identifier(rule.name)) << rule.name;
    }
}

TEST(LearnedPolicy, MoreThanThirtyRulesAreJoinedByService) {
    std::vector<std::string> keys;
    for (int i = 0; i < 31; ++i) {
        keys.push_back(fmt::format("egress tcp/443 a.example{}.com", i));
    }
    EXPECT_THAT(rules_of({keys.begin(), keys.end()}), SizeIs(1));
    keys.pop_back();
    EXPECT_THAT(rules_of({keys.begin(), keys.end()}), SizeIs(30));
}

TEST(LearnedPolicy, EveryRuleCarriesItsEvidence) {
    const auto policy = policy::policy_of({candidate("egress tcp/443 ota.example.com")});
    const policy::Rule& rule = policy.rules.at(0);
    EXPECT_EQ(rule.comment, "3 packets in 1 flow, 2026-11-16, 0 hours of the week");
    ASSERT_TRUE(rule.learned);
    EXPECT_EQ(rule.learned->packets, 3U);
    EXPECT_EQ(rule.learned->first_seen, test::kMonday);
    EXPECT_EQ(rule.learned->approved_by, "");
}

TEST(EvidenceLine, CountsAndNamesWhatWasSeen) {
    policy::ServiceEvidence evidence;
    evidence.flows = 14;
    evidence.packets = 812;
    evidence.first_seen = test::kMonday;
    evidence.last_seen = test::kMonday + 24h;
    evidence.hours.set(1).set(2);
    EXPECT_EQ(policy::evidence_line(evidence, {"a", "b", "c", "d", "e"}),
              "812 packets in 14 flows, 2026-11-16 to 2026-11-17, 2 hours of the week; a, b, c, d "
              "and 1 more");
}

}  // namespace
