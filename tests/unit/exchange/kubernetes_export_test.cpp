// SPDX-License-Identifier: MIT
#include "agent/exchange/kubernetes_export.hpp"

#include <gmock/gmock.h>

#include "tests/support/talk.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::Rank;
using test::allow;
using test::service;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint8_t kTcp = IPPROTO_TCP;

policy::Policy enforced(std::vector<policy::Rule> rules) {
    policy::Policy policy = test::policy_of(std::move(rules));
    policy.mode = policy::Stage::enforce;
    return policy;
}

std::string problems_of(const Exported& result) {
    return policy::format_problems("f", result.problems);
}

TEST(KubernetesExport, AllowsAddressesAndPorts) {
    const Exported result = export_kubernetes(enforced(
        {test::towards(allow("web", Direction::ingress, {service(kTcp, 80, 89)}), "192.0.2.1"),
         allow("any", Direction::egress)}));
    EXPECT_EQ(result.text,
              "apiVersion: networking.k8s.io/v1\n"
              "kind: NetworkPolicy\n"
              "metadata:\n"
              "  name: test\n"
              "spec:\n"
              "  podSelector: {}\n"
              "  policyTypes:\n"
              "    - Ingress\n"
              "    - Egress\n"
              "  ingress:\n"
              "    - from:\n"
              "        - ipBlock:\n"
              "            cidr: \"192.0.2.1/32\"\n"
              "      ports:\n"
              "        - protocol: TCP\n"
              "          port: 80\n"
              "          endPort: 89\n"
              "  egress:\n"
              "    - {}\n");
    EXPECT_EQ(problems_of(result), "");
}

TEST(KubernetesExport, ARuleThatLosesItsRemoteOrItsServiceIsNoRuleForEverybody) {
    const Exported result = export_kubernetes(enforced(
        {test::named(allow("name", Direction::egress, {service(kTcp, 443)}), "a.example"),
         test::towards(allow("mac", Direction::ingress, {service(kTcp, 80)}), "02:00:00:00:00:01"),
         allow("ping", Direction::ingress, {service(IPPROTO_ICMP, 8)}),
         test::rule("deny", Rank::deny, Direction::ingress, {service(kTcp, 23)})}));
    EXPECT_THAT(result.text, Not(HasSubstr("gress:")));
    EXPECT_THAT(problems_of(result), HasSubstr("allow rule 'name': left out"));
    EXPECT_THAT(problems_of(result), HasSubstr("allow rule 'mac': left out"));
    EXPECT_THAT(problems_of(result), HasSubstr("knows no icmp/echo-request"));
    EXPECT_THAT(problems_of(result), HasSubstr("what it denies passes there if another rule"));
}

TEST(KubernetesExport, WhatPassesByDefaultIsNotIsolated) {
    policy::Policy open = enforced({allow("a", Direction::egress), allow("b", Direction::ingress)});
    open.default_action[TG_EGRESS] = policy::Action::pass;
    const std::string text = export_kubernetes(open).text;
    EXPECT_THAT(text, HasSubstr("policyTypes:\n    - Ingress\n"));
    EXPECT_THAT(text, Not(HasSubstr("gress:\n    - {}\n  egress")));
    EXPECT_THAT(text, Not(HasSubstr("Egress")));
}

// An empty list of types would be completed by the API server, and isolate every pod.
TEST(KubernetesExport, APolicyThatIsolatesNothingIsNoNetworkPolicy) {
    policy::Policy open = enforced({allow("a", Direction::egress)});
    open.default_action = {policy::Action::pass, policy::Action::pass};
    const Exported result = export_kubernetes(open);
    EXPECT_EQ(result.text, "");
    EXPECT_TRUE(policy::has_errors(result.problems));
    EXPECT_THAT(problems_of(result), HasSubstr("everything passes by default"));
}

TEST(KubernetesExport, OfADirectionThatPassesOnlyDenialsAreLost) {
    policy::Policy open =
        enforced({allow("ping", Direction::egress, {service(IPPROTO_ICMP, 8)}),
                  test::rule("telnet", Rank::deny, Direction::egress, {service(kTcp, 23)})});
    open.default_action[TG_EGRESS] = policy::Action::pass;
    const std::string problems = problems_of(export_kubernetes(open));
    EXPECT_THAT(problems, Not(HasSubstr("'ping'")));
    EXPECT_THAT(problems, HasSubstr("deny rule 'telnet': left out"));
    EXPECT_THAT(problems, HasSubstr("what it denies passes there\n"));
}

TEST(CiliumExport, DeniesAndKnowsNamesAndIcmp) {
    const Exported result = export_cilium(
        enforced({test::named(allow("name", Direction::egress, {service(kTcp, 443)}), "a.example"),
                  allow("dns", Direction::egress, {service(IPPROTO_UDP, 53)}),
                  allow("ping", Direction::ingress, {service(IPPROTO_ICMP, 8)}),
                  test::rule("telnet", Rank::deny, Direction::ingress, {service(kTcp, 23)})}));
    EXPECT_EQ(problems_of(result), "");
    EXPECT_THAT(result.text, HasSubstr("matchName: a.example"));
    EXPECT_THAT(result.text,
                HasSubstr("rules:\n            dns:\n              - matchPattern: \"*\""));
    EXPECT_THAT(result.text, HasSubstr("- family: IPv4\n              type: 8"));
    EXPECT_THAT(result.text, HasSubstr("ingressDeny:\n    - fromEntities:\n        - all\n"));
}

TEST(CiliumExport, ADirectionWithoutRulesIsClosedAllTheSame) {
    const Exported result = export_cilium(enforced({}));
    EXPECT_THAT(result.text, HasSubstr("ingress:\n    - {}\n  egress:\n    - {}\n"));
    policy::Policy open = enforced({});
    open.default_action[TG_INGRESS] = policy::Action::pass;
    EXPECT_THAT(export_cilium(open).text, HasSubstr("ingress: false\n"));
    EXPECT_THAT(export_cilium(open).text, Not(HasSubstr("  ingress:\n")));
}

TEST(CiliumExport, APrefixThatIsDeniedMeansNoPods) {
    const auto problems = [](policy::Rule rule) {
        return problems_of(export_cilium(enforced({test::towards(std::move(rule), "10.0.0.0/8")})));
    };
    EXPECT_THAT(problems(test::rule("inner", Rank::deny, Direction::ingress)),
                HasSubstr("deny rule 'inner': prefixes mean no pods and nodes of the cluster"));
    EXPECT_EQ(problems(allow("inner", Direction::ingress)), "");
}

TEST(CiliumExport, NothingIsLeftOutSilently) {
    policy::Rule expiring = allow("expiring", Direction::ingress);
    expiring.expires = policy::WallTime{};
    const std::string problems = problems_of(export_cilium(enforced(
        {test::rule("ssh", Rank::failsafe, Direction::ingress, {service(kTcp, 22)}),
         test::rule("deny", Rank::deny, Direction::ingress, {service(kTcp, 23)}),
         test::named(test::rule("bad", Rank::deny, Direction::egress), "b.example"),
         test::named(allow("wild", Direction::egress, {service(kTcp, 1)}), "c.example", true),
         allow("icmp", Direction::ingress, {service(IPPROTO_ICMP, 0, 255)}),
         allow("gre", Direction::ingress, {service(IPPROTO_GRE)}),
         std::move(expiring)})));
    EXPECT_THAT(problems, HasSubstr("failsafe rule 'ssh': deny rules win over it there"));
    EXPECT_THAT(problems, HasSubstr("deny rule 'bad': left out"));
    EXPECT_THAT(problems, HasSubstr("'*.c.example' is one label there"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'icmp': left out: Cilium takes 40 ICMP types"));
    EXPECT_THAT(problems, HasSubstr("Cilium knows no gre by itself"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'expiring': left out"));
}

}  // namespace
}  // namespace tollgate::exchange
