// SPDX-License-Identifier: MIT
#include "policy/yaml_writer.hpp"

#include <gmock/gmock.h>

#include "policy/yaml_reader.hpp"
#include "tests/support/random_policy.hpp"

namespace tollgate::policy {
namespace {

using testing::HasSubstr;

TEST(YamlWriter, WhatIsWrittenReadsBackAsTheSamePolicy) {
    for (std::uint32_t seed = 0; seed < 500; ++seed) {
        const Policy policy = tests::RandomPolicy(seed).policy();
        const std::string text = write_policy(policy);
        const Reading reading = read_policy(text);
        ASSERT_TRUE(reading.policy) << format_problems("f", reading.problems) << text;
        ASSERT_EQ(*reading.policy, policy) << "seed " << seed << "\n" << text;
        ASSERT_EQ(write_policy(*reading.policy), text);
    }
}

/// A rule that a learner would make.
Policy learned_policy() {
    Policy policy;
    policy.name = "door-camera";
    policy.mode = Stage::audit;
    Rule rule;
    rule.name = "ota";
    rule.direction = Direction::egress;
    rule.remote = {"*.example.com"};
    rule.selector.names = {{"example.com", true}};
    rule.services = {{IPPROTO_TCP, 443, 443}};
    rule.comment = "812 packets in 26 h";
    policy.rules.push_back(rule);
    return policy;
}

TEST(YamlWriter, WritesShortRulesOnOneLineWithTheirEvidenceAbove) {
    EXPECT_EQ(
        write_policy(learned_policy()),
        "# yaml-language-server: $schema=/usr/share/tollgate/schema/policy-v1.json\n"
        "# $schema: /usr/share/tollgate/schema/policy-v1.json\n"
        "apiVersion: tollgate/v1\n"
        "kind: Policy\n"
        "metadata:\n"
        "  name: door-camera\n"
        "spec:\n"
        "  mode: audit\n"
        "  default: {ingress: drop, egress: drop}\n"
        "  allow:\n"
        "    # 812 packets in 26 h\n"
        "    - {name: ota, direction: egress, remote: [\"*.example.com\"], ports: [tcp/443]}\n");
}

TEST(YamlWriter, WritesLongAndLearnedRulesOnLinesOfTheirOwn) {
    Policy policy = learned_policy();
    policy.rules.front().learned = Provenance{WallTime{}, WallTime{}, 812, "root"};
    EXPECT_THAT(write_policy(policy),
                HasSubstr("    - name: ota\n"
                          "      direction: egress\n"
                          "      remote: [\"*.example.com\"]\n"
                          "      ports: [tcp/443]\n"
                          "      learned: {firstSeen: \"1970-01-01T00:00:00Z\", lastSeen: "
                          "\"1970-01-01T00:00:00Z\", packets: 812, approvedBy: root}\n"));
}

TEST(YamlWriter, ACommentNeverBreaksOutOfItsLine) {
    Policy policy = learned_policy();
    // NOLINTNEXTLINE(misc-misleading-bidirectional): meant, and visible as an escape
    policy.rules.front().comment = "a\n  deny: []\x1b[31m \xe2\x80\xae \xff caf\xc3\xa9";
    const std::string text = write_policy(policy);
    EXPECT_THAT(text, HasSubstr("    # a?  deny: []?[31m ? ? caf\xc3\xa9\n"));
    policy.rules.front().comment.clear();
    EXPECT_EQ(read_policy(text).policy, policy);
}

TEST(YamlWriter, WritesTheRemoteOfARuleThatOnlyHasASelector) {
    Policy policy = learned_policy();
    policy.rules.front().remote.clear();
    policy.rules.front().selector.prefixes.push_back(*Prefix::parse("192.0.2.0/24"));
    policy.rules.front().selector.macs.push_back(*MacAddress::parse("02:00:00:00:00:01"));
    EXPECT_THAT(write_policy(policy),
                HasSubstr("remote: [192.0.2.0/24, \"02:00:00:00:00:01\", \"*.example.com\"]"));
}

TEST(YamlWriter, WritesLargeGroupsOneMemberPerLine) {
    Policy policy = learned_policy();
    Group group{"many", {}, {}};
    for (int i = 0; i < 20; ++i) {
        group.selector.prefixes.push_back(*Prefix::parse("192.0.2." + std::to_string(i)));
    }
    policy.groups.push_back(group);
    EXPECT_THAT(write_policy(policy), HasSubstr("    many:\n      cidr:\n        - 192.0.2.0\n"));
}

}  // namespace
}  // namespace tollgate::policy
