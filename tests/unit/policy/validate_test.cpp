// SPDX-License-Identifier: MIT
#include "policy/validate.hpp"

#include <algorithm>

#include <netinet/in.h>

#include <gmock/gmock.h>

#include "tests/support/policy_text.hpp"

namespace tollgate::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::policy_of;
using tests::problems_of;

TEST(Validate, WarnsOfAGroupThatNoRuleUses) {
    EXPECT_EQ(problems_of("  groups: {lan: {cidr: [10.0.0.0/8]}}\n"),
              "f:7:12: warning: no rule uses the group 'lan'\n");
}

TEST(Validate, WarnsOfAnAllowRuleThatADenyRuleCovers) {
    EXPECT_EQ(
        problems_of(
            "  allow:\n"
            "    - {name: a, direction: ingress, remote: [10.1.0.0/16], ports: [tcp/80-81]}\n"
            "  deny:\n"
            "    - {name: d, direction: ingress, remote: [10.0.0.0/8], ports: [tcp/1-100]}\n"),
        "f:8:7: warning: allow rule 'a' never decides: deny rule 'd' matches all that it does; "
        "remove one of them\n");
}

TEST(Validate, ARuleThatReachesFurtherInAnyPropertyIsNotShadowed) {
    const std::string deny =
        "  deny:\n"
        "    - {name: d, direction: ingress, remote: [10.0.0.0/8, \"02:00:00:00:00:01\", "
        "\"*.example.com\"], ports: [tcp/80]}\n";
    const auto allow = [](const std::string& rest) {
        return "  allow:\n    - {name: dns, direction: egress, ports: [udp/53]}\n    - {name: a, " +
               rest + "}\n";
    };
    const std::string in = "direction: ingress, ";
    EXPECT_THAT(problems_of(allow("direction: egress, remote: [10.0.0.1], ports: [tcp/80]") + deny),
                IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "remote: [11.0.0.1], ports: [tcp/80]") + deny), IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "remote: [example.com], ports: [tcp/80]") + deny),
                IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "remote: [10.0.0.1], ports: [tcp/80, tcp/82]") + deny),
                IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "ports: [tcp/80]") + deny), IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "remote: [10.0.0.1], protocols: [any]") + deny), IsEmpty());
    EXPECT_THAT(problems_of(allow(in + "remote: [10.0.0.1, \"02:00:00:00:00:01\", a.example.com], "
                                       "ports: [tcp/80]") +
                            deny),
                HasSubstr("'a' never decides"));
}

TEST(Validate, ARuleThatOutlivesTheOneAboveItIsNotShadowed) {
    const std::string rules =
        "  allow:\n"
        "    - {name: short, direction: ingress, ports: [tcp/80], expires: "
        "\"2030-01-01T00:00:00Z\"}\n"
        "    - {name: long, direction: ingress, ports: [tcp/80]}\n";
    const std::string denied =
        "  allow: [{name: a, direction: ingress, ports: [tcp/80]}]\n"
        "  deny: [{name: d, direction: ingress, ports: [tcp/80], expires: "
        "\"2030-01-01T00:00:00Z\"}]\n";
    EXPECT_THAT(problems_of(denied), IsEmpty());
    EXPECT_THAT(problems_of(rules), HasSubstr("'short' never decides"));
    EXPECT_THAT(problems_of(rules), Not(HasSubstr("'long' never decides")));
}

TEST(Validate, WarnsOfNamesThatNothingCanResolve) {
    const std::string named =
        "  allow:\n    - {name: a, direction: egress, remote: [example.com], ports: [tcp/443]}\n";
    EXPECT_THAT(problems_of(named), HasSubstr("rule 'a' has DNS names, but no rule lets DNS out"));
    EXPECT_THAT(problems_of(named + "    - {name: dns, direction: egress, ports: [udp/53]}\n"),
                IsEmpty());
}

TEST(Validate, WarnsOfRiskyServicesOpenToEverybody) {
    EXPECT_THAT(problems_of("  allow: [{name: a, direction: ingress, ports: [tcp/23]}]\n"),
                HasSubstr("rule 'a' opens tcp/23 to everybody (telnet"));
    EXPECT_THAT(problems_of("  allow: [{name: a, direction: ingress, protocols: [any]}]\n"),
                HasSubstr("lets everybody in on every port"));
    EXPECT_THAT(problems_of("  deny: [{name: a, direction: ingress, ports: [tcp/23]}]\n"),
                IsEmpty());
    EXPECT_THAT(
        problems_of(
            "  allow: [{name: a, direction: ingress, remote: [10.0.0.1], ports: [tcp/23]}]\n"),
        IsEmpty());
}

TEST(Validate, WarnsOfEnforcingWithoutAFailsafeRule) {
    Policy policy = policy_of("");
    EXPECT_THAT(validate(policy), IsEmpty());
    policy.mode = Stage::enforce;
    EXPECT_EQ(
        format_problems("f", validate(policy)),
        "f: warning: the policy enforces without a failsafe rule; add one for the way in that you "
        "need to repair mistakes\n");
}

TEST(Validate, RefusesWhatNoFileCanHold) {
    Policy policy = policy_of("  allow: [{name: a, direction: ingress, ports: [tcp/80]}]\n");
    policy.rules.front().services.push_back({IPPROTO_GRE, 0, 0});
    policy.groups.push_back({"none", {}, {}});
    const std::string problems = format_problems("f", find_errors(policy));
    EXPECT_THAT(problems, HasSubstr("rule 'a' has ports and other protocols"));
    EXPECT_THAT(problems, HasSubstr("group 'none' has no members"));
}

TEST(Validate, LeavesLargePoliciesToTheirAuthors) {
    std::string rules = "  allow:\n";
    for (int i = 0; i < 4001; ++i) {
        rules += "    - {name: r" + std::to_string(i) + ", direction: ingress, ports: [tcp/80]}\n";
    }
    EXPECT_THAT(problems_of(rules), IsEmpty());
}

TEST(Validate, FindsPeersThatNoTunnelHas) {
    const Policy policy = policy_of(
        "  groups: {recorder: {peer: [nvr, nrv]}}\n"
        "  allow:\n"
        "    - {name: a, direction: ingress, remote: [recorder], ports: [tcp/80]}\n"
        "    - {name: b, direction: ingress, remote: {peer: tablet}, ports: [tcp/80]}\n");
    EXPECT_THAT(find_unknown_peers(policy, {"nvr", "nrv", "tablet"}), IsEmpty());
    EXPECT_EQ(format_problems("f", find_unknown_peers(policy, {"nvr"})),
              "f:7:12: error: no tunnel has a peer 'nrv'; did you mean 'nvr'?\n"
              "f:10:7: error: no tunnel has a peer 'tablet'; see `tollgate tunnel show` for the "
              "peers that there are\n");
}

TEST(Validate, ARuleForOneWayDoesNotShadowAnother) {
    const auto rules = [](const std::string& outer, const std::string& inner) {
        return problems_of("  allow:\n    - {name: a, direction: egress, ports: [tcp/80]" + inner +
                           "}\n  deny:\n    - {name: d, direction: egress, ports: [tcp/80]" +
                           outer + "}\n");
    };
    EXPECT_THAT(rules("", ", via: tunnel"), HasSubstr("never decides"));
    EXPECT_THAT(rules(", via: tunnel", ", via: tunnel"), HasSubstr("never decides"));
    EXPECT_THAT(rules(", via: tunnel", ""), IsEmpty());
    EXPECT_THAT(rules(", via: tunnel", ", via: clear"), IsEmpty());
}

TEST(Validate, RefusesAWayThatTheRemoteCannotTake) {
    Policy policy = policy_of("  allow: [{name: a, direction: ingress, ports: [tcp/80]}]\n");
    policy.rules.front().selector.peers = {"nvr"};
    policy.rules.front().via = Via::clear;
    EXPECT_THAT(format_problems("f", find_errors(policy)),
                HasSubstr("rule 'a' names a peer, and goes via clear"));
}

TEST(Validate, ADenialIsForEveryWayUnlessItSaysOtherwise) {
    const Policy policy = policy_of(
        "  deny:\n"
        "    - {name: d, direction: ingress, remote: [tablets, 192.0.2.1], ports: [tcp/80]}\n"
        "    - {name: t, direction: ingress, remote: [tablets], ports: [tcp/80], via: tunnel}\n"
        "  groups: {tablets: {peer: tablet}}\n"
        "  allow:\n"
        "    - {name: a, direction: ingress, remote: [tablets, 192.0.2.1], ports: [tcp/81]}\n");
    const auto via = [&](const std::string& name) {
        return std::ranges::find(policy.rules, name, &Rule::name)->via;
    };
    EXPECT_EQ(via("d"), Via::any) << "192.0.2.1 in the clear is denied, too";
    EXPECT_EQ(via("t"), Via::tunnel);
    EXPECT_EQ(via("a"), Via::tunnel);
}

}  // namespace
}  // namespace tollgate::policy
