// SPDX-License-Identifier: MIT
#include "policy/agent_config.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

constexpr const char* kHead = "apiVersion: tollgate/v1\nkind: Agent\n";

AgentConfig config_of(const std::string& fields) {
    const ConfigReading reading = read_agent_config(kHead + fields);
    EXPECT_TRUE(reading.config) << format_problems("f", reading.problems);
    return reading.config.value_or(AgentConfig{});
}

std::string problems_of(const std::string& text) {
    const ConfigReading reading = read_agent_config(text);
    EXPECT_FALSE(reading.config);
    return format_problems("f", reading.problems);
}

TEST(AgentConfig, ReadsEveryField) {
    const AgentConfig config = config_of(
        "interfaces: [eth0, eth1]\npolicy: /etc/tollgate/policy.yaml\npolicyWatch: apply\n"
        "policyReach: ['192.0.2.1:6443', '[2001:db8::1]:6443']\nmetrics: 127.0.0.1:9586\n"
        "xdpMode: generic\ntunnelMac1: agent\nlogLevel: debug\n"
        "tables: {flows: 262144, embryos: 4096}\n");
    EXPECT_THAT(config.interfaces,
                ElementsAre(Field(&PlacedText::text, "eth0"), Field(&PlacedText::text, "eth1")));
    EXPECT_EQ(config.policy, "/etc/tollgate/policy.yaml");
    EXPECT_EQ(config.policy_watch, "apply");
    EXPECT_THAT(config.policy_reach,
                ElementsAre(Field(&PlacedText::text, "192.0.2.1:6443"),
                            Field(&PlacedText::text, "[2001:db8::1]:6443")));
    EXPECT_EQ(config.metrics.value().text, "127.0.0.1:9586");
    EXPECT_EQ(config.xdp_mode, "generic");
    EXPECT_EQ(config.tunnel_mac1, "agent");
    EXPECT_EQ(config.log_level, "debug");
    EXPECT_EQ(config.flows, 262144U);
    EXPECT_EQ(config.embryos, 4096U);
}

TEST(AgentConfig, ReadsTheAnnotatedExample) {
    std::ifstream file("examples/tollgate.yaml");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const ConfigReading reading = read_agent_config(text);
    ASSERT_TRUE(reading.config) << format_problems("examples/tollgate.yaml", reading.problems);
    EXPECT_THAT(reading.config->interfaces, ElementsAre(Field(&PlacedText::text, "eth0")));
    EXPECT_EQ(reading.config->flows, TG_FLOWS_MAX);
    EXPECT_EQ(reading.config->embryos, TG_EMBRYOS_MAX);
}

TEST(AgentConfig, KeepsTheDefaultOfWhatIsAbsent) {
    const AgentConfig config = config_of("");
    EXPECT_TRUE(config.interfaces.empty());
    EXPECT_TRUE(config.policy_reach.empty());
    EXPECT_FALSE(config.policy || config.policy_watch || config.metrics || config.xdp_mode ||
                 config.tunnel_mac1 || config.log_level);
    EXPECT_FALSE(config.flows || config.embryos);
}

TEST(AgentConfig, NamesEveryMistakeAndItsPlace) {
    const std::string problems = problems_of(
        "apiVersion: tollgate/v2\nkind: Agent\nxdpMod: native\ntunnelMac1: kernel\nlogLevel: loud\n"
        "tables: {flows: 12, embryo: 1}\n");
    EXPECT_THAT(problems, HasSubstr("f:1:13: error"));
    EXPECT_THAT(problems, HasSubstr("f:3:1: error"));
    EXPECT_THAT(problems, HasSubstr("xdpMode"));  // the suggestion
    EXPECT_THAT(problems, HasSubstr("f:4:13: error"));
    EXPECT_THAT(problems, HasSubstr("f:5:11: error"));
    EXPECT_THAT(problems, HasSubstr("f:6:17: error: flows must be from 1024 to 4194304"));
    EXPECT_THAT(problems, HasSubstr("f:6:21: error"));
}

TEST(AgentConfig, RefusesWhatIsNoConfiguration) {
    EXPECT_THAT(problems_of("- eth0\n"), HasSubstr("f:1:1: error"));
    EXPECT_THAT(problems_of("kind: Agent\n"), HasSubstr("apiVersion"));
    EXPECT_THAT(problems_of(std::string{kHead} + "interfaces: eth0\n"), HasSubstr("f:3:13: error"));
    EXPECT_THAT(problems_of(std::string{kHead} + "tables: {flows: many}\n"),
                HasSubstr("f:3:17: error"));
    std::string interfaces = "interfaces: [e0";
    for (int i = 1; i < 17; ++i) {
        interfaces += ", e" + std::to_string(i);
    }
    EXPECT_THAT(problems_of(kHead + interfaces + "]\n"), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace tollgate::policy
