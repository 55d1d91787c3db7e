// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_export.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "agent/exchange/mud_import.hpp"
#include "policy/yaml_writer.hpp"
#include "tests/support/mud_text.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::exchange {
namespace {

using policy::Direction;
using policy::Rank;
using test::allow;
using test::policy_of;
using test::service;
using ::testing::HasSubstr;

constexpr std::uint8_t kTcp = IPPROTO_TCP;
constexpr std::uint8_t kUdp = IPPROTO_UDP;

Exported exported(std::vector<policy::Rule> rules) {
    return export_mud(policy_of(std::move(rules)),
                      {"https://lamp.example.com/lamp.json", "2026-01-01T00:00:00Z"});
}

std::string problems_of(const Exported& result) {
    return policy::format_problems("f", result.problems);
}

nlohmann::json list(const Exported& result, std::size_t index) {
    const auto file = nlohmann::json::parse(result.text);
    return file["ietf-access-control-list:acls"]["acl"].at(index);
}

TEST(MudExport, ARuleIsAnEntryForEachDirectionOfItsPackets) {
    const Exported result = exported(
        {test::towards(allow("web", Direction::ingress, {service(kTcp, 80)}), "192.0.2.0/24")});
    EXPECT_EQ(problems_of(result), "");
    const auto from = list(result, 0);
    const auto to = list(result, 1);
    EXPECT_EQ(from["name"], "from-ipv4-test");
    EXPECT_EQ(from["aces"]["ace"][0]["name"], "web-answers");
    EXPECT_EQ(from["aces"]["ace"][0]["matches"]["tcp"]["source-port"]["port"], 80);
    EXPECT_EQ(to["aces"]["ace"][0]["name"], "web");
    EXPECT_EQ(to["aces"]["ace"][0]["matches"]["ipv4"]["source-ipv4-network"], "192.0.2.0/24");
    EXPECT_EQ(to["aces"]["ace"][0]["matches"]["tcp"]["ietf-mud:direction-initiated"], "to-device");
}

TEST(MudExport, DenialsComeFirst) {
    const Exported result =
        exported({allow("some", Direction::egress, {service(kUdp, 1, 99)}),
                  test::rule("none", Rank::deny, Direction::egress, {service(kUdp, 53)})});
    const auto aces = list(result, 0)["aces"]["ace"];
    EXPECT_EQ(aces[0]["name"], "none");
    EXPECT_EQ(aces[0]["actions"]["forwarding"], "drop");
    EXPECT_EQ(aces[1]["matches"]["udp"]["destination-port"]["upper-port"], 99);
}

TEST(MudExport, NothingIsLeftOutSilently) {
    policy::Rule limited = allow("limited", Direction::egress, {service(kTcp, 80)});
    limited.limit.packets = policy::Rate{1, std::chrono::seconds(1)};
    policy::Rule expiring = allow("expiring", Direction::egress, {service(kTcp, 81)});
    expiring.expires = policy::WallTime{};
    policy::Rule tunnelled = allow("tunnelled", Direction::egress, {service(kTcp, 82)});
    tunnelled.via = policy::Via::tunnel;
    const std::string problems = problems_of(exported(
        {test::rule("ssh", Rank::failsafe, Direction::ingress, {service(kTcp, 22)}),
         std::move(limited),
         std::move(expiring),
         std::move(tunnelled),
         test::named(allow("names", Direction::egress, {service(kTcp, 83)}), "a.example", true),
         allow("any", Direction::egress),
         allow("gre", Direction::ingress, {service(IPPROTO_GRE)})}));
    EXPECT_THAT(problems,
                HasSubstr("failsafe rule 'ssh': left out: failsafe rules are of one host"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'limited': without its limit"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'expiring': left out"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'tunnelled': left out"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'names': left out: '*.a.example' is no host name"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'any': without answers"));
    EXPECT_THAT(problems, HasSubstr("allow rule 'gre': without answers"));
}

TEST(MudExport, DenialsThatTakeAnswersWithThemAreNamed) {
    const auto denial = [](Direction direction, std::vector<policy::Service> services) {
        return test::towards(test::rule("no", Rank::deny, direction, std::move(services)),
                             "192.0.2.0/24");
    };
    const std::string warning =
        "deny rule 'no': it drops the answers to what the other side begins there";
    EXPECT_THAT(problems_of(exported({denial(Direction::egress, {})})), HasSubstr(warning));
    EXPECT_THAT(problems_of(exported({denial(Direction::egress, {service(kUdp, 1, 65535)})})),
                HasSubstr(warning));
    EXPECT_EQ(
        problems_of(exported({denial(Direction::egress, {}), denial(Direction::ingress, {})})), "");
    EXPECT_EQ(problems_of(exported({denial(Direction::egress, {service(kTcp, 1, 65535)})})), "");
    EXPECT_EQ(problems_of(exported({denial(Direction::egress, {service(IPPROTO_ICMP, 8)})})), "");
}

TEST(MudExport, SettingsThatItCannotSayAreNamed) {
    policy::Policy open = policy_of({});
    open.default_action[TG_EGRESS] = policy::Action::pass;
    open.baseline = 0;
    const std::string problems = problems_of(export_mud(open, {"https://x.example/x", ""}));
    EXPECT_THAT(problems, HasSubstr("default egress: pass becomes drop"));
    EXPECT_THAT(problems, HasSubstr("baseline: 'arp: false' is left out"));
}

TEST(MudExport, AFileNeedsItsUrl) {
    const Exported result = export_mud(policy_of({}), {});
    EXPECT_EQ(result.text, "");
    EXPECT_TRUE(policy::has_errors(result.problems));
}

// Everything that import_mud() makes at once: classes, names, addresses, denials, link layer.
TEST(MudExport, GivesBackWhatWasImported) {
    const std::string from =
        test::ace("A b", R"({"ietf-mud:mud": {"controller": "https://c.example/x"}})") + "," +
        test::ace("a-b", R"({"ipv4": {"ietf-acldns:dst-dnsname": "n.example", "protocol": 17},
                            "udp": {"destination-port": {"operator": "neq", "port": 5}}})") +
        "," + test::ace("802.1X", R"({"eth": {"ethertype": "0x888e"}})") + "," +
        test::ace("any", "{}") + "," + test::ace("no", R"({"tcp": {}})", "drop");
    const std::string to =
        test::ace("ping", R"({"ipv4": {"protocol": 1}, "icmp": {"type": 8}})") + "," +
        test::ace("mac", R"({"eth": {"source-mac-address": "02:00:00:00:00:01"}, "udp": {}})");
    MudImportOptions options;
    ASSERT_TRUE(define("https://c.example/x=192.0.2.1,192.0.2.2", options.definitions));
    const MudImport first = import_mud(test::mud_text(from, to), options);
    ASSERT_TRUE(first.policy) << policy::format_problems("f", first.problems);
    EXPECT_EQ(first.policy->rules.size(), 8U);
    const Exported result = export_mud(*first.policy, {});
    const MudImport second = import_mud(result.text, options);
    ASSERT_TRUE(second.policy) << policy::format_problems("f", second.problems) << result.text;
    EXPECT_EQ(policy::write_policy(*second.policy), policy::write_policy(*first.policy));
    EXPECT_EQ(*second.policy, *first.policy);
    EXPECT_EQ(export_mud(*second.policy, {}).text, result.text);
}

}  // namespace
}  // namespace tollgate::exchange
