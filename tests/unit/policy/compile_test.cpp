// SPDX-License-Identifier: MIT
#include "policy/compile.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/compiled_lookup.hpp"
#include "tests/support/policy_text.hpp"
#include "tests/support/random_policy.hpp"

namespace tollgate::policy {
namespace {

using std::chrono::seconds;
using tests::RandomPolicy;

constexpr WallTime kNow = RandomPolicy::kNow;

CompiledPolicy compiled(const Policy& policy, WallTime now = kNow) {
    auto result = compile(policy, now);
    EXPECT_TRUE(result) << result.error().message();
    return result.value_or(CompiledPolicy{});
}

/// The patterns of the policy that a DNS answer for the tuple's names would have left.
std::vector<NamePattern> patterns_of(const Policy& policy, const Tuple& tuple) {
    std::vector<NamePattern> patterns;
    for (const Rule& rule : policy.rules) {
        for (const NamePattern& pattern : rule.selector.names) {
            if (std::any_of(tuple.names.begin(), tuple.names.end(), [&](const auto& name) {
                    return pattern.matches(name);
                })) {
                patterns.push_back(pattern);
            }
        }
    }
    return patterns;
}

std::string decided_by(const Policy& policy, const CompiledPolicy& tables, const Tuple& tuple) {
    return tables.rule_names.at(tests::find_rule(tables, tuple, patterns_of(policy, tuple)));
}

/// The rule that docs/packet-path.md, section 7, names, found by looking at every rule.
std::string scan(const Policy& policy, const Tuple& tuple, WallTime now) {
    const Rule* best = nullptr;
    const auto standing = [&](const Rule& rule) {
        const bool expired = rule.expires && *rule.expires <= now;
        const int rank = expired                       ? 3
                         : rule.rank == Rank::failsafe ? 0
                         : rule.rank == Rank::deny     ? 1
                                                       : 2;
        return std::pair(-rank, rule.expires.value_or(WallTime::max()));
    };
    for (const Rule& rule : policy.rules) {
        const bool gone = rule.rank == Rank::deny && rule.expires && *rule.expires <= now;
        if (!gone && matches(rule, tuple) &&
            (best == nullptr || standing(rule) > standing(*best))) {
            best = &rule;
        }
    }
    return best == nullptr ? "" : best->name;
}

Tuple tcp(Direction direction, const char* remote, std::uint16_t port) {
    return Tuple{
        direction, *IpAddress::parse(remote), std::nullopt, {}, Service{IPPROTO_TCP, port, port}};
}

// Case P39
TEST(Compile, FindsTheSameRuleAsAScanOverAllRules) {
    for (std::uint32_t seed = 0; seed < 250; ++seed) {
        RandomPolicy random(seed);
        const Policy policy = random.policy();
        const CompiledPolicy tables = compiled(policy);
        for (int i = 0; i < 100; ++i) {
            const Tuple tuple = random.tuple();
            ASSERT_EQ(decided_by(policy, tables, tuple), scan(policy, tuple, kNow))
                << "seed " << seed << ", " << to_text(tuple.direction) << " "
                << tuple.remote.to_string() << " " << to_text(tuple.service);
        }
    }
}

TEST(Compile, KeepsAVerdictOnlyWhereItDiffersFromAnyRule) {
    for (std::uint32_t seed = 0; seed < 100; ++seed) {
        const CompiledPolicy tables = compiled(RandomPolicy(seed).policy());
        for (const auto& [key, rule] : tables.verdicts) {
            ASSERT_NE(key.remote_class, 0U);
            ASSERT_NE(tables.port_rules.at(key.port_class).any_rule, rule);
            ASSERT_NE(tables.port_rules.at(key.port_class).dimensions, 0U);
        }
    }
}

TEST(Compile, AnEmptyPolicyLeavesEverythingToTheDefault) {
    const CompiledPolicy tables = compiled(tests::policy_of("  allow: []\n"));
    EXPECT_EQ(tables.rules.size(), 1U);
    EXPECT_EQ(tables.port_rules.size(), 1U);
    EXPECT_TRUE(tables.verdicts.empty());
    EXPECT_EQ(tables.port_classes.at(TG_LINK_CLEAR).at(TG_INGRESS).size(),
              std::size_t{TG_PORTS_PER_DIRECTION});
    EXPECT_EQ(tables.default_action.at(TG_INGRESS), TG_ACTION_DROP);
    EXPECT_EQ(tables.baseline, std::uint32_t{TG_BASELINE_DEFAULT});
}

TEST(Compile, EachDirectionHasItsOwnDefault) {
    for (const Action ingress : {Action::drop, Action::pass}) {
        for (const Action egress : {Action::drop, Action::pass}) {
            Policy policy = tests::policy_of("  allow: []\n");
            policy.default_action = {ingress, egress};
            const CompiledPolicy tables = compiled(policy);
            EXPECT_EQ(tables.default_action.at(TG_INGRESS), static_cast<std::uint8_t>(ingress));
            EXPECT_EQ(tables.default_action.at(TG_EGRESS), static_cast<std::uint8_t>(egress));
        }
    }
}

TEST(Compile, ServicesThatTheSameRulesMatchShareAClass) {
    const CompiledPolicy tables = compiled(tests::policy_of(
        "  allow:\n"
        "    - {name: a, direction: ingress, remote: [192.0.2.1], ports: [tcp/80, tcp/8000-8099]}\n"
        "    - {name: b, direction: ingress, remote: [192.0.2.2], ports: [tcp/8050, tcp/80]}\n"));
    const auto& classes = tables.port_classes.at(TG_LINK_CLEAR).at(TG_INGRESS);
    EXPECT_EQ(tables.port_rules.size(), 3U);
    EXPECT_EQ(classes.at(80), classes.at(8050));
    EXPECT_EQ(classes.at(8000), classes.at(8099));
    EXPECT_NE(classes.at(8000), classes.at(8050));
    EXPECT_EQ(classes.at(8100), 0);
    EXPECT_EQ(tables.port_classes.at(TG_LINK_CLEAR).at(TG_EGRESS).at(80), 0);
}

TEST(Compile, AHostInsideAPrefixKeepsWhatThePrefixAllows) {
    const Policy policy = tests::policy_of(
        "  allow:\n"
        "    - {name: lan, direction: ingress, remote: [10.0.0.0/8], ports: [tcp/80]}\n"
        "    - {name: host, direction: ingress, remote: [10.0.0.1], ports: [tcp/22]}\n");
    const CompiledPolicy tables = compiled(policy);
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "10.0.0.1", 80)), "lan");
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "10.0.0.1", 22)), "host");
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "10.0.0.2", 22)), "");
}

TEST(Compile, AnEntryThatSaysNoMoreThanTheOneAroundItIsLeftOut) {
    const CompiledPolicy tables = compiled(tests::policy_of(
        "  allow:\n"
        "    - {name: lan, direction: ingress, remote: [10.0.0.0/8, 10.1.0.0/16, 10.2.3.4], ports: "
        "[tcp/80]}\n"
        "    - {name: any, direction: egress, ports: [tcp/80]}\n"
        "    - {name: less, direction: egress, remote: [192.0.2.1], ports: [tcp/80]}\n"));
    EXPECT_EQ(tables.prefixes.size(), 1U);
    EXPECT_TRUE(tables.hosts.empty());
    EXPECT_EQ(tables.verdicts.size(), 1U);
}

TEST(Compile, AnIpv6PrefixNeverCatchesAnIpv4Address) {
    for (const char* const prefix : {"::/0", "::/80", "::/95", "::fffe:0:0/95"}) {
        const Policy policy = tests::policy_of(fmt::format(
            "  allow: [{{name: a, direction: egress, remote: [\"{}\"], ports: [tcp/80]}}]\n",
            prefix));
        const CompiledPolicy tables = compiled(policy);
        EXPECT_EQ(decided_by(policy, tables, tcp(Direction::egress, "192.0.2.1", 80)), "")
            << prefix;
        EXPECT_EQ(decided_by(policy, tables, tcp(Direction::egress, "::fffe:0:1", 80)) == "a",
                  Prefix::parse(prefix)->contains(*IpAddress::parse("::fffe:0:1")))
            << prefix;
    }
}

TEST(Compile, RanksFailsafeOverDenyOverAllowOverExpired) {
    const Policy policy = tests::policy_of(
        "  failsafe:\n"
        "    - {name: safe, direction: ingress, remote: [192.0.2.1], ports: [tcp/22]}\n"
        "  allow:\n"
        "    - {name: open, direction: ingress, ports: [tcp/20-30]}\n"
        "    - {name: old, direction: ingress, ports: [tcp/40], expires: "
        "\"2000-01-01T00:00:00Z\"}\n"
        "  deny:\n"
        "    - {name: shut, direction: ingress, remote: [192.0.2.0/24], ports: [tcp/22]}\n");
    const CompiledPolicy tables = compiled(policy);
    EXPECT_THAT(tables.rule_names, testing::ElementsAre("", "safe", "shut", "open", "old"));
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "192.0.2.1", 22)), "safe");
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "192.0.2.2", 22)), "shut");
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "192.0.2.2", 23)), "open");
    EXPECT_EQ(decided_by(policy, tables, tcp(Direction::ingress, "192.0.2.2", 40)), "old");
}

TEST(Compile, ARuleExpiresInTheSecondThatItNames) {
    Policy policy =
        tests::policy_of("  deny: [{name: shut, direction: ingress, ports: [tcp/22]}]\n");
    policy.rules.front().expires = kNow;
    EXPECT_EQ(compiled(policy, kNow - seconds(1)).rules.size(), 2U);
    EXPECT_EQ(compiled(policy, kNow).rules.size(), 1U);
}

TEST(Compile, RatesBecomeBucketsWithASecondOfBurst) {
    const CompiledPolicy tables = compiled(tests::policy_of(
        "  allow:\n"
        "    - {name: a, direction: ingress, ports: [tcp/80], log: true,\n"
        "       limit: {packets: 1000/s, newFlows: 10/m}, expires: \"2030-01-01T00:00:00Z\"}\n"));
    const tg_rule& rule = tables.rules.at(1);
    EXPECT_EQ(rule.packet_interval_ns, 1000000U);
    EXPECT_EQ(rule.packet_burst_ns, TG_SECOND);
    EXPECT_EQ(rule.flow_interval_ns, 6 * TG_SECOND);
    EXPECT_EQ(rule.flow_burst_ns, 6 * TG_SECOND);
    EXPECT_EQ(rule.expires_ns, 1893456000U);
    EXPECT_EQ(rule.flags, TG_RULE_LOG);
    EXPECT_EQ(rule.action, TG_ACTION_PASS);
}

TEST(Compile, TheFilterHasEveryAddressOfAnIpv6PrefixOfAnyLength) {
    for (const char* const prefix : {"::/0",
                                     "8000::/1",
                                     "2000::/15",
                                     "2001::/16",
                                     "2001:8000::/17",
                                     "2001:db8::/31",
                                     "2001:db8::/32",
                                     "2001:db8::1"}) {
        const Policy policy = tests::policy_of(fmt::format(
            "  allow: [{{name: a, direction: egress, remote: [\"{}\"], ports: [tcp/80]}}]\n",
            prefix));
        const CompiledPolicy tables = compiled(policy);
        std::mt19937 random(7);
        for (int i = 0; i < 2000; ++i) {
            IpAddress address = Prefix::parse(prefix)->address;
            for (std::size_t bit = Prefix::parse(prefix)->length; bit < 128; ++bit) {
                address.bytes.at(bit / 8) |=
                    static_cast<std::uint8_t>((random() & 1U) << (7 - bit % 8));
            }
            ASSERT_TRUE(tests::filter_lets_pass(tables, address)) << prefix << address.to_string();
        }
    }
}

/// `count` rules, each for a host of its own.
Policy one_rule_per_host(std::uint32_t count, bool own_ports) {
    Policy policy = tests::policy_of("");
    for (std::uint32_t i = 0; i < count; ++i) {
        Rule rule;
        rule.name = fmt::format("r{}", i);
        const auto address = IpAddress::parse(fmt::format("10.{}.{}.1", i / 256, i % 256));
        rule.selector.prefixes.push_back({*address, 128});
        rule.remote.push_back(address->to_string());
        const auto port = static_cast<std::uint16_t>(own_ports ? 1 + i : 443);
        rule.services.push_back({IPPROTO_TCP, port, port});
        policy.rules.push_back(rule);
    }
    return policy;
}

// Case P39
TEST(Compile, TenThousandRulesFitAndTakeAVerdictEach) {
    for (const bool own_ports : {false, true}) {
        EXPECT_EQ(compiled(one_rule_per_host(10000, own_ports)).verdicts.size(), 10000U);
    }
}

// Case P39
TEST(Compile, RefusesWhatTheTablesCannotHoldInWords) {
    EXPECT_THAT(compile(one_rule_per_host(TG_RULES_MAX, false), kNow).error().message(),
                testing::HasSubstr("at most 16383 rules"));

    Policy many_verdicts =
        one_rule_per_host(4000, true);  // 4,000 ports, and 100 hosts that see them all
    for (std::uint32_t i = 0; i < 100; ++i) {
        Rule rule = many_verdicts.rules.at(i);
        rule.name = fmt::format("all{}", i);
        rule.services.clear();
        many_verdicts.rules.push_back(rule);
    }
    EXPECT_THAT(compile(many_verdicts, kNow).error().message(),
                testing::HasSubstr("131072 verdicts"));

    Policy many_ports = tests::policy_of("");
    for (std::uint32_t i = 0; i < 10000; ++i) {
        Rule rule = one_rule_per_host(1, false).rules.front();
        rule.name = fmt::format("r{}", i);
        rule.services = {{IPPROTO_TCP, std::uint16_t(1 + i), std::uint16_t(20001 + i)}};
        many_ports.rules.push_back(rule);
    }
    EXPECT_THAT(compile(many_ports, kNow).error().message(), testing::HasSubstr("16384 fit"));
}

TEST(Compile, RefusesAServiceThatNoFileCouldHold) {
    Policy policy = one_rule_per_host(1, false);
    policy.rules.front().services = {{IPPROTO_ICMP, 0, 300}};
    EXPECT_THAT(compile(policy, kNow).error().message(), testing::HasSubstr("impossible service"));
}

}  // namespace
}  // namespace tollgate::policy
