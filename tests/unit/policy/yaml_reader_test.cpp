// SPDX-License-Identifier: MIT
#include "policy/yaml_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "policy/yaml_strict.hpp"
#include "tests/support/policy_text.hpp"

namespace tollgate::policy {
namespace {

using testing::HasSubstr;
using tests::policy_of;
using tests::policy_text;
using tests::problems_of;

TEST(YamlReader, AnAbsentRemoteAndAnyAreTheSame) {
    const Policy policy = policy_of(
        "  allow:\n"
        "    - {name: a, direction: ingress, ports: [tcp/80]}\n"
        "    - {name: b, direction: ingress, remote: [any], ports: [tcp/81]}\n");
    EXPECT_TRUE(policy.rules.at(0).any_remote());
    EXPECT_TRUE(policy.rules.at(1).any_remote());
    EXPECT_TRUE(policy.rules.at(1).remote.empty());
}

TEST(YamlReader, ResolvesGroupsWhereverTheyStandInTheFile) {
    const Policy policy = policy_of(
        "  allow: [{name: a, direction: ingress, remote: [lan, 192.0.2.1], ports: [tcp/80]}]\n"
        "  groups: {lan: {cidr: [10.0.0.0/8, \"fd00::/8\"]}}\n");
    EXPECT_EQ(policy.rules.front().selector.prefixes.size(), 3U);
    EXPECT_THAT(policy.rules.front().remote, testing::ElementsAre("lan", "192.0.2.1"));
}

TEST(YamlReader, OrdersRulesByRankAndKeepsTheirLines) {
    const Policy policy = policy_of(
        "  deny: [{name: d, direction: ingress, ports: [tcp/1]}]\n"
        "  allow: [{name: a, direction: ingress, ports: [tcp/2]}]\n"
        "  failsafe: [{name: f, direction: ingress, ports: [tcp/3]}]\n");
    EXPECT_EQ(policy.rules.at(0).name, "f");
    EXPECT_EQ(policy.rules.at(1).name, "a");
    EXPECT_EQ(policy.rules.at(2).name, "d");
    EXPECT_EQ(policy.rules.at(0).mark.line, 9U);
}

TEST(YamlReader, BaselinePartsThatAreNotNamedKeepTheirDefault) {
    EXPECT_EQ(policy_of("  baseline: {arp: false, eapol: true}\n").baseline,
              std::uint32_t{(TG_BASELINE_DEFAULT & ~TG_BASELINE_ARP) | TG_BASELINE_EAPOL});
}

// Case C10
TEST(YamlReader, BoundsWhatGroupsUnfoldTo) {
    std::string sections = "  groups:\n    big: {cidr: [";
    for (int i = 0; i < 4096; ++i) {
        sections += fmt::format("10.0.{}.{}, ", i / 256, i % 256);
    }
    sections += "192.0.2.1]}\n  deny:\n";
    for (int i = 0; i < 64; ++i) {
        sections += fmt::format(
            "    - {{name: r{}, direction: ingress, remote: [big], ports: [tcp/{}]}}\n", i, i + 1);
    }
    EXPECT_EQ(problems_of(sections),
              "f:73:48: error: the groups named so far have 262208 members together; the limit is "
              "262144; "
              "use prefixes, or name large groups in fewer rules\n");
}

// Case C10
TEST(YamlReader, AMebibyteOfMistakesIsRefusedWithTheFirstOfThem) {
    std::string groups = "  groups:\n";
    std::string rules = "  allow:\n";
    while (groups.size() + rules.size() < kYamlBytesMax - 1000) {
        groups += fmt::format(
            "    group-{}: {{cidr: [10.0.0.{}]}}\n", groups.size(), groups.size() % 300);
        rules += fmt::format("    - {{name: r, remote: [groop-{}], prots: [tcp]}}\n", rules.size());
    }
    const Reading reading = read_policy(policy_text(groups + rules));
    EXPECT_FALSE(reading.policy);
    EXPECT_EQ(reading.problems.size(), kProblemsMax);
}

TEST(YamlReader, TenThousandRulesFitIntoAFile) {
    std::string rules = "  allow:\n";
    for (int i = 0; i < 10000; ++i) {
        rules += fmt::format(
            "    - {{name: r{}, direction: egress, remote: [10.0.{}.{}], ports: [tcp/443]}}\n",
            i,
            i / 256,
            i % 256);
    }
    EXPECT_EQ(policy_of(rules).rules.size(), 10000U);
}

TEST(YamlReader, MisspeltGroupsAreTakenForGroupsNotForNames) {
    EXPECT_THAT(
        problems_of(
            "  allow: [{name: a, direction: egress, remote: [Gateway, yes], ports: [tcp/1]}]\n"),
        testing::AllOf(HasSubstr("there is no group 'Gateway'"),
                       HasSubstr("there is no group 'yes'")));
}

}  // namespace
}  // namespace tollgate::policy
