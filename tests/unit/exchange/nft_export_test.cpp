// SPDX-License-Identifier: MIT
#include "agent/exchange/nft_export.hpp"

#include <gmock/gmock.h>

#include "agent/exchange/nft_match.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::Rank;
using test::allow;
using test::service;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint8_t kTcp = IPPROTO_TCP;
constexpr std::uint8_t kUdp = IPPROTO_UDP;

Exported exported(std::vector<policy::Rule> rules) {
    policy::Policy policy = test::policy_of(std::move(rules));
    policy.mode = policy::Stage::enforce;
    return export_nft(policy);
}

std::string problems_of(const Exported& result) {
    return policy::format_problems("f", result.problems);
}

std::vector<std::string> sources(std::initializer_list<const char*> texts) {
    std::vector<Prefix> prefixes;
    for (const char* const text : texts) {
        prefixes.push_back(*Prefix::parse(text));
    }
    return match_prefixes(prefixes, "saddr");
}

TEST(NftMatch, PrefixesAreSetsOfAFamilyWithoutOverlaps) {
    EXPECT_THAT(sources({"192.0.2.1"}), ElementsAre("ip saddr 192.0.2.1"));
    EXPECT_THAT(sources({"192.0.2.0/24", "2001:db8::1", "192.0.2.1", "198.51.100.1"}),
                ElementsAre("ip saddr { 192.0.2.0/24, 198.51.100.1 }", "ip6 saddr 2001:db8::1"));
    EXPECT_THAT(sources({"192.0.2.1", "192.0.2.1"}), ElementsAre("ip saddr 192.0.2.1"));
    EXPECT_THAT(sources({"192.0.2.1", "0.0.0.0/0", "::/0"}),
                ElementsAre("meta nfproto ipv4", "meta nfproto ipv6"));
}

TEST(NftMatch, PortsAreSetsOfAProtocolWithoutOverlaps) {
    EXPECT_THAT(match_services({service(kTcp, 80), service(kUdp, 53), service(kTcp, 443)}),
                ElementsAre("tcp dport { 80, 443 }", "udp dport 53"));
    EXPECT_THAT(match_services({service(kTcp, 10, 20), service(kTcp, 15, 30), service(kTcp, 31)}),
                ElementsAre("tcp dport 10-31"));
    EXPECT_THAT(match_services({service(IPPROTO_ICMP, 8), service(IPPROTO_GRE)}),
                ElementsAre("icmp type 8", "meta l4proto 47"));
    EXPECT_THAT(match_services({}), ElementsAre(""));
}

TEST(NftExport, RanksAreInTheirOrder) {
    const std::string text =
        exported({allow("third", Direction::ingress, {service(kTcp, 80)}),
                  test::rule("second", Rank::deny, Direction::ingress, {service(kTcp, 80)}),
                  test::rule("first", Rank::failsafe, Direction::ingress, {service(kTcp, 80)}),
                  allow("out", Direction::egress)})
            .text;
    const std::size_t first = text.find("tcp dport 80 accept comment \"first\"");
    const std::size_t second = text.find("tcp dport 80 drop comment \"second\"");
    const std::size_t third = text.find("tcp dport 80 accept comment \"third\"");
    const std::size_t egress = text.find("chain egress");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_LT(third, egress);
    EXPECT_LT(egress, text.find("accept comment \"out\""));
    EXPECT_NE(text.find("accept comment \"out\""), std::string::npos);
}

TEST(NftExport, NamesAreSetsThatSomethingElseFills) {
    const Exported result =
        exported({test::named(allow("a", Direction::egress, {service(kTcp, 443)}), "x.example"),
                  test::named(allow("b", Direction::egress, {service(kTcp, 80)}), "x.example")});
    EXPECT_THAT(result.text, HasSubstr("nftset=/x.example/4#inet#tollgate#name_x_example_v4"));
    EXPECT_THAT(result.text, HasSubstr("ip6 daddr @name_x_example_v6 tcp dport 80 accept"));
    EXPECT_THAT(problems_of(result),
                HasSubstr("allow rule 'a': its names are sets that are empty"));
    EXPECT_THAT(problems_of(result), HasSubstr("dnsmasq puts addresses of all names below"));
    EXPECT_EQ(result.text.find("set name_x_example_v4"),
              result.text.rfind("set name_x_example_v4"));
}

TEST(NftExport, ALimitIsOneForAllLinesOfItsRule) {
    policy::Rule rule = allow("few", Direction::ingress, {service(kTcp, 80), service(kUdp, 80)});
    rule.limit.new_flows = policy::Rate{120, std::chrono::seconds{60}};
    const Exported result = exported({rule});
    EXPECT_THAT(result.text, HasSubstr("rate over 120/minute burst 2 packets"));
    EXPECT_THAT(result.text, HasSubstr("tcp dport 80 limit name \"limit_few\" drop"));
    EXPECT_THAT(result.text, HasSubstr("udp dport 80 limit name \"limit_few\" drop"));
    EXPECT_THAT(problems_of(result), HasSubstr("newFlows counts packets there"));
}

TEST(NftExport, WhatExpiresDropsAfterItsEnd) {
    policy::Rule rule = allow("guest", Direction::ingress, {service(kTcp, 80)});
    rule.expires = policy::WallTime{std::chrono::seconds{1'800'000'000}};
    const Exported result = exported({rule});
    EXPECT_THAT(result.text, HasSubstr("\t\tmeta time < 1800000000 tcp dport 80 accept"));
    EXPECT_THAT(result.text, HasSubstr("\t\ttcp dport 80 drop comment \"guest\""));
}

TEST(NftExport, WhatIsForwardedIsJudgedTooBeforePortsAreRedirected) {
    const std::string text = exported({}).text;
    EXPECT_THAT(text, HasSubstr("hook prerouting priority mangle; policy drop;"));
    EXPECT_THAT(text, HasSubstr("hook postrouting priority filter; policy drop;"));
}

TEST(NftExport, VlansOfAnInterfaceAreNotItsName) {
    policy::Policy policy = test::policy_of({});
    policy.mode = policy::Stage::enforce;
    EXPECT_EQ(problems_of(export_nft(policy)), "");
    policy.interfaces = {"eth0"};
    EXPECT_THAT(problems_of(export_nft(policy)),
                HasSubstr("applyTo: VLANs, bridges and bonds on them pass there"));
}

TEST(NftExport, ALossOfADirectionThatPassesIsToldAsSuch) {
    policy::Policy policy = test::policy_of(
        {test::towards(test::rule("no", Rank::deny, Direction::egress), "02:00:00:00:00:01"),
         test::towards(allow("yes", Direction::egress), "02:00:00:00:00:02")});
    EXPECT_THAT(problems_of(export_nft(policy)),
                HasSubstr("what it denies passes there if another rule allows it"));
    EXPECT_THAT(problems_of(export_nft(policy)), HasSubstr("what only it allows is dropped there"));
    policy.default_action[TG_EGRESS] = policy::Action::pass;
    EXPECT_THAT(problems_of(export_nft(policy)), HasSubstr("what it denies passes there\n"));
    EXPECT_THAT(problems_of(export_nft(policy)),
                HasSubstr("where a deny rule is as wide, it drops there what this one allows"));
}

TEST(NftExport, AnInterfaceCannotSayMoreThanItsName) {
    policy::Policy policy = test::policy_of({});
    policy.interfaces = {"eth0"};
    EXPECT_THAT(export_nft(policy).text, HasSubstr("iifname != { \"eth0\" } accept"));
    policy.interfaces = {"a\"}accept"};
    EXPECT_EQ(export_nft(policy).text, "");
    EXPECT_TRUE(policy::has_errors(export_nft(policy).problems));
}

TEST(NftExport, NothingIsLeftOutSilently) {
    policy::Rule limited = allow("limited", Direction::egress);
    limited.limit.packets = policy::Rate{1, std::chrono::seconds{1}};
    policy::Rule tunnelled = allow("tunnelled", Direction::ingress);
    tunnelled.via = policy::Via::tunnel;
    const Exported result =
        exported({test::towards(allow("mac", Direction::egress), "02:00:00:00:00:01"),
                  std::move(limited),
                  std::move(tunnelled)});
    EXPECT_THAT(problems_of(result), HasSubstr("allow rule 'mac': left out"));
    EXPECT_THAT(problems_of(result), HasSubstr("allow rule 'limited': without its limit"));
    EXPECT_THAT(problems_of(result), HasSubstr("allow rule 'tunnelled': left out"));
    EXPECT_THAT(result.text, Not(HasSubstr("\"mac\"")));
    EXPECT_THAT(result.text, Not(HasSubstr("\"tunnelled\"")));
    policy::Policy audited = test::policy_of({});
    audited.mode = policy::Stage::audit;
    audited.baseline = 0;
    EXPECT_THAT(problems_of(export_nft(audited)), HasSubstr("mode audit"));
    EXPECT_THAT(problems_of(export_nft(audited)), HasSubstr("ARP passes there"));
}

}  // namespace
}  // namespace tollgate::exchange
