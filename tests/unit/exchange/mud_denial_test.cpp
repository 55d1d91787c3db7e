// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "tests/support/mud_imported.hpp"
#include "tests/support/mud_text.hpp"

namespace tollgate::exchange {
namespace {

using test::ace;
using test::import_all;
using test::mud_text;
using test::problems_of;
using test::rules_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MudDenial, DenialsWinAndAreNeverLeftOut) {
    const std::string web = R"({"tcp": {"destination-port": {"port": 80}}})";
    const MudImport imported =
        import_all(mud_text(ace("some", web) + "," + ace("none", web, "drop")));
    EXPECT_THAT(
        rules_of(imported),
        ElementsAre("some: allow egress 0.0.0.0/0 tcp/80", "none: deny egress 0.0.0.0/0 tcp/80"));
    EXPECT_THAT(problems_of(imported), HasSubstr("it wins over them here"));
    const MudImport odd = import_all(mud_text(ace("odd", R"({"ipv4": {"dscp": 46}})", "drop")));
    EXPECT_FALSE(odd.policy);
    EXPECT_THAT(problems_of(odd), HasSubstr("error: ACE 'odd'"));
}

// Packets of both directions are in it: those that begin, and the answers to what the other began.
TEST(MudDenial, ADenialThatDoesNotSayWhoBeginsDeniesBothWays) {
    const auto denied = [](const std::string& matches) {
        const MudImport imported = import_all(
            mud_text(ace("none", "{" + matches + "}", "drop"), ace("in", R"({"tcp": {}})")));
        EXPECT_TRUE(imported.policy) << problems_of(imported);
        std::vector<std::string> rules = rules_of(imported);
        std::erase_if(rules, [](const std::string& rule) { return rule.starts_with("in:"); });
        return rules;
    };
    const std::string ten = R"("ipv4": {"destination-ipv4-network": "10.0.0.0/8"})";
    EXPECT_THAT(
        denied(ten),
        ElementsAre("none: deny egress 10.0.0.0/8 any", "none-2: deny ingress 10.0.0.0/8 any"));
    EXPECT_THAT(denied(ten + R"(, "tcp": {})"),
                ElementsAre("none: deny egress 10.0.0.0/8 tcp/1-65535",
                            "none-2: deny ingress 10.0.0.0/8 tcp/1-65535"));
    EXPECT_THAT(denied(ten + R"(, "udp": {"source-port": {"operator": "gte", "port": 0}})"),
                ElementsAre("none: deny egress 10.0.0.0/8 udp/1-65535",
                            "none-2: deny ingress 10.0.0.0/8 udp/1-65535"));
    EXPECT_THAT(
        denied(R"("ipv4": {"protocol": 47})"),
        ElementsAre("none: deny egress 0.0.0.0/0 gre", "none-2: deny ingress 0.0.0.0/0 gre"));
    EXPECT_THAT(
        denied(R"("icmp": {})"),
        ElementsAre("none: deny egress 0.0.0.0/0 icmp", "none-2: deny ingress 0.0.0.0/0 icmp"));
    EXPECT_THAT(denied(ten + R"(, "tcp": {"destination-port": {"port": 80}})"),
                ElementsAre("none: deny egress 10.0.0.0/8 tcp/80"));
    EXPECT_THAT(denied(ten + R"(, "tcp": {"ietf-mud:direction-initiated": "from-device"})"),
                ElementsAre("none: deny egress 10.0.0.0/8 tcp/1-65535"));
    EXPECT_THAT(denied(R"("icmp": {"type": 8})"),
                ElementsAre("none: deny egress 0.0.0.0/0 icmp/echo-request"));
}

TEST(MudDenial, ADenialHoldsForBothFamiliesOrIsAnError) {
    const auto without_type = [](const std::string& matches) {
        std::string text = mud_text(ace("none", "{" + matches + "}", "drop"));
        for (const std::string type = R"("type": "ipv4-acl-type", )";
             text.find(type) != std::string::npos;) {
            text.erase(text.find(type), type.size());
        }
        return import_all(text, {"dns=192.0.2.53"});
    };
    const MudImport icmp = without_type(R"("icmp": {})");
    EXPECT_FALSE(icmp.policy);
    EXPECT_THAT(problems_of(icmp), HasSubstr("error: ACE 'none': it asks for ICMP in IPv6"));
    const MudImport dns = without_type(
        R"("ietf-mud:mud": {"controller": "urn:ietf:params:mud:dns"},
           "udp": {"destination-port": {"port": 53}})");
    EXPECT_EQ(problems_of(dns), "");  // it has no IPv6 address that more could pass to
    EXPECT_THAT(rules_of(dns), ElementsAre("none: deny egress dns-v4 udp/53"));
}

}  // namespace
}  // namespace tollgate::exchange
