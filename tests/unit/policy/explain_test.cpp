// SPDX-License-Identifier: MIT
#include "policy/explain.hpp"

#include <gmock/gmock.h>

#include "policy/effective.hpp"
#include "policy/notation.hpp"
#include "tests/support/policy_text.hpp"

namespace tollgate::policy {
namespace {

using testing::HasSubstr;

constexpr WallTime kNow{std::chrono::seconds(1800000000)};

Policy camera() {
    return tests::policy_of(
        "  groups:\n"
        "    recorder: {cidr: [10.0.5.40]}\n"
        "  failsafe:\n"
        "    - {name: ssh, direction: ingress, remote: [10.0.9.1], ports: [tcp/22], log: true}\n"
        "  allow:\n"
        "    - {name: rtsp, direction: ingress, remote: [recorder], ports: [tcp/554, "
        "udp/6970-6999]}\n"
        "    - {name: web, direction: ingress, remote: [10.0.5.0/24], ports: [tcp/80], limit: "
        "{packets: 10/s, newFlows: 1/m}}\n"
        "    - {name: old, direction: ingress, ports: [tcp/8080], expires: "
        "\"2020-01-01T00:00:00Z\"}\n"
        "    - {name: out, direction: egress, protocols: [any]}\n"
        "    - {name: ping, direction: ingress, remote: [\"02:00:00:00:00:01\"], protocols: "
        "[icmp/8]}\n"
        "  deny:\n"
        "    - {name: no-telnet, direction: ingress, ports: [tcp/23]}\n");
}

Explanation ask(const Policy& policy, const char* remote, const char* service) {
    Tuple tuple;
    tuple.remote = *IpAddress::parse(remote);
    tuple.service = *parse_service(service);
    return explain(policy, tuple, kNow);
}

TEST(Explain, NamesTheRuleThatLetsATuplePass) {
    const Policy policy = camera();
    const Explanation explanation = ask(policy, "10.0.5.40", "tcp/554");
    EXPECT_TRUE(explanation.passes());
    EXPECT_EQ(explanation.to_string(), "pass (allow rtsp, line 12)\n");
}

TEST(Explain, NamesTheDenyRuleAndOffersNoWayAround) {
    const Policy policy = camera();
    const Explanation explanation = ask(policy, "10.0.5.40", "tcp/23");
    EXPECT_EQ(explanation.reason, DropReason::policy_deny);
    EXPECT_EQ(explanation.to_string(), "drop (deny no-telnet, line 18)\n");
}

TEST(Explain, OrdersNearMissesByTheirDistance) {
    const Policy policy = camera();
    const Explanation explanation = ask(policy, "10.0.5.40", "tcp/81");
    EXPECT_EQ(explanation.reason, DropReason::policy_default);
    EXPECT_EQ(
        explanation.to_string(),
        "drop (no rule matches: the default)\n"
        "  nearest: remote matches, port differs: tcp/80 (allow web, line 13)\n"
        "  nearest: remote matches, port differs: tcp/554, udp/6970-6999 (allow rtsp, line 12)\n"
        "  nearest: all matches but the direction: egress (allow out, line 15)\n");
}

TEST(Explain, SaysThatOnlyTheRemoteDiffers) {
    const Policy policy = camera();
    EXPECT_THAT(ask(policy, "10.0.6.1", "tcp/554").to_string(),
                HasSubstr("port matches, remote differs: recorder (allow rtsp, line 12)"));
    EXPECT_THAT(ask(policy, "10.0.6.1", "icmp/8").to_string(),
                HasSubstr("port matches, remote differs: 02:00:00:00:00:01 (allow ping, line 16)"));
}

TEST(Explain, SaysThatOnlyTheProtocolDiffers) {
    const Policy policy = camera();
    EXPECT_THAT(ask(policy, "10.0.5.41", "gre").to_string(),
                HasSubstr("remote matches, protocol differs: tcp/80 (allow web, line 13)"));
}

TEST(Explain, SaysWhenTheRuleExpired) {
    const Policy policy = camera();
    const Explanation explanation = ask(policy, "192.0.2.1", "tcp/8080");
    EXPECT_EQ(explanation.reason, DropReason::rule_expired);
    EXPECT_THAT(
        explanation.to_string(),
        HasSubstr("everything matches, but it expired 2020-01-01T00:00:00Z (allow old, line 14)"));
}

TEST(Explain, MatchesByMacAndByName) {
    const Policy policy = tests::policy_of(
        "  allow:\n"
        "    - {name: mac, direction: ingress, remote: [\"02:00:00:00:00:01\"], ports: [tcp/80]}\n"
        "    - {name: name, direction: ingress, remote: [\"*.example.com\"], ports: [tcp/80, "
        "udp/53]}\n"
        "    - {name: dns, direction: egress, ports: [udp/53]}\n");
    Tuple tuple{Direction::ingress,
                *IpAddress::parse("192.0.2.1"),
                std::nullopt,
                {},
                *parse_service("tcp/80")};
    EXPECT_FALSE(explain(policy, tuple, kNow).passes());
    tuple.names = {"a.example.com"};
    EXPECT_EQ(explain(policy, tuple, kNow).decides->name, "name");
    tuple.mac = MacAddress::parse("02:00:00:00:00:01");
    EXPECT_EQ(explain(policy, tuple, kNow).decides->name, "mac");
    EXPECT_THAT(explain(policy, tuple, kNow).to_string(),
                HasSubstr("  also matches: allow name, line 9\n"));
}

TEST(Explain, FollowsTheDefaultWhereNoRuleMatches) {
    Policy policy = camera();
    policy.default_action = {Action::pass, Action::drop};
    EXPECT_TRUE(ask(policy, "192.0.2.1", "tcp/9999").passes());
}

TEST(EffectiveRules, ShowBaselineRulesAndDefaultsInTheOrderInWhichTheyDecide) {
    const std::string table = to_table(effective_rules(camera(), kNow));
    EXPECT_THAT(table, HasSubstr("KIND      NAME                  ACTION  DIRECTION  REMOTE"));
    EXPECT_THAT(table, HasSubstr("baseline  arp                   pass    both       any"));
    EXPECT_THAT(table, HasSubstr("baseline  lldp                  drop    both       any"));
    EXPECT_THAT(
        table,
        HasSubstr("allow     rtsp                  pass    ingress    recorder (10.0.5.40)"));
    EXPECT_THAT(table, HasSubstr("10/s packets, 1/m new flows"));
    EXPECT_THAT(table, HasSubstr("until 2020-01-01T00:00:00Z"));
    const auto at = [&](const char* text) {
        return table.find(text);
    };
    EXPECT_LT(at("failsafe  ssh"), at("deny      no-telnet"));
    EXPECT_LT(at("deny      no-telnet"), at("allow     rtsp"));
    EXPECT_LT(at("allow     out"), at("expired   old"));
    EXPECT_LT(at("expired   old"), at("default "));
}

TEST(EffectiveRules, ShortensLongGroups) {
    const Policy policy = tests::policy_of(
        "  groups: {lan: {cidr: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6]}}\n"
        "  allow: [{name: a, direction: ingress, remote: [lan, 192.0.2.1], ports: [tcp/80]}]\n");
    EXPECT_EQ(effective_rules(policy, kNow).at(7).remote,
              "lan (10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 2 more), 192.0.2.1");
}

TEST(Explain, ARuleForAPeerMatchesInItsTunnelOnly) {
    const Policy policy = tests::policy_of(
        "  allow: [{name: rtsp, direction: ingress, remote: {peer: nvr}, ports: [tcp/554]}]\n");
    Tuple tuple;
    tuple.remote = *IpAddress::parse("10.9.0.2");
    tuple.service = *parse_service("tcp/554");
    tuple.peer = "nvr";
    EXPECT_THAT(explain(policy, tuple, kNow).to_string(),
                HasSubstr("all matches but the way: via tunnel (allow rtsp, line"));
    tuple.link = TG_LINK_TUNNEL;
    EXPECT_TRUE(explain(policy, tuple, kNow).passes());
    tuple.peer = "desk";
    EXPECT_THAT(explain(policy, tuple, kNow).to_string(),
                HasSubstr("port matches, remote differs: peer nvr"));
    tuple.peer.clear();
    EXPECT_FALSE(explain(policy, tuple, kNow).passes()) << "nobody is no peer";
}

TEST(Explain, ViaSaysOnWhichInterfacesARuleMatches) {
    const Policy policy = tests::policy_of(
        "  allow:\n"
        "    - {name: in, direction: egress, ports: [tcp/1], via: tunnel}\n"
        "    - {name: out, direction: egress, ports: [tcp/2], via: clear}\n"
        "    - {name: both, direction: egress, ports: [tcp/3]}\n");
    const auto passes = [&](tg_link link, const char* service) {
        Tuple tuple;
        tuple.direction = Direction::egress;
        tuple.remote = *IpAddress::parse("192.0.2.1");
        tuple.service = *parse_service(service);
        tuple.link = link;
        return explain(policy, tuple, kNow).passes();
    };
    EXPECT_TRUE(passes(TG_LINK_TUNNEL, "tcp/1") && !passes(TG_LINK_CLEAR, "tcp/1"));
    EXPECT_TRUE(passes(TG_LINK_CLEAR, "tcp/2") && !passes(TG_LINK_TUNNEL, "tcp/2"));
    EXPECT_TRUE(passes(TG_LINK_CLEAR, "tcp/3") && passes(TG_LINK_TUNNEL, "tcp/3"));
}

}  // namespace
}  // namespace tollgate::policy
