// SPDX-License-Identifier: MIT
#include "policy/learn_policy.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/learn.hpp"
#include "policy/notation.hpp"
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
