// SPDX-License-Identifier: MIT
#include "agent/exchange/mud_import.hpp"

#include <gmock/gmock.h>

#include "policy/notation.hpp"
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
using ::testing::IsEmpty;
using Kind = MudOutcome::Kind;

const std::string kCloud = R"({"ipv4": {"ietf-acldns:dst-dnsname": "Cloud.example.com",
    "protocol": 6}, "tcp": {"ietf-mud:direction-initiated": "from-device",
    "destination-port": {"operator": "eq", "port": 443}}})";
const std::string kCloudAnswers = R"({"ipv4": {"ietf-acldns:src-dnsname": "cloud.example.com",
    "protocol": 6}, "tcp": {"ietf-mud:direction-initiated": "from-device",
    "source-port": {"operator": "eq", "port": 443}}})";

// RFC 8520, 9: a device that talks to a service in the cloud, by IPv4.
TEST(MudImport, BothDirectionsOfAConnectionAreOneRule) {
    const MudImport imported =
        import_all(mud_text(ace("cl0-frdev", kCloud), ace("cl0-todev", kCloudAnswers)));
    EXPECT_EQ(problems_of(imported), "");
    EXPECT_THAT(rules_of(imported),
                ElementsAre("cl0-frdev: allow egress cloud.example.com tcp/443"));
    ASSERT_EQ(imported.outcomes.size(), 2U);
    EXPECT_EQ(imported.outcomes[0].kind, Kind::rule);
    EXPECT_EQ(imported.outcomes[1].kind, Kind::answers);
    EXPECT_EQ(imported.outcomes[1].by, "cl0-frdev");
}

TEST(MudImport, TheFileSaysWhatThePolicyIsCalled) {
    const MudImport imported = import_all(mud_text(ace("a", kCloud)));
    ASSERT_TRUE(imported.policy);
    EXPECT_EQ(imported.policy->name, "lamp");
    EXPECT_EQ(imported.policy->description, "A lamp");
    EXPECT_EQ(imported.policy->labels.at("mud-url"), "https://lamp.example.com/Lamp.json");
    EXPECT_EQ(imported.policy->mode, policy::Stage::audit);
    EXPECT_EQ(imported.policy->default_action[TG_INGRESS], policy::Action::drop);
    EXPECT_EQ(imported.policy->default_action[TG_EGRESS], policy::Action::drop);
}

TEST(MudImport, WhoHasThePortIsWhoAnswers) {
    const std::string local = R"("ietf-mud:mud": {"local-networks": [null]}, )";
    const MudImport imported = import_all(
        mud_text(ace("answers", "{" + local + R"("tcp": {"source-port": {"port": 80}}})"),
                 ace("web", "{" + local + R"("tcp": {"ietf-mud:direction-initiated": "to-device",
                                      "destination-port": {"operator": "eq", "port": 80}}})")));
    EXPECT_EQ(problems_of(imported), "");
    EXPECT_THAT(rules_of(imported), ElementsAre("web: allow ingress local-networks-v4 tcp/80"));
    ASSERT_TRUE(imported.policy);
    EXPECT_THAT(policy::to_texts(imported.policy->groups.at(0).selector),
                ElementsAre("192.168.7.0/24"));
}

TEST(MudImport, AnswersToNothingAreNamedAndAllowNothing) {
    const MudImport imported = import_all(mud_text("", ace("cl0-todev", kCloudAnswers)));
    EXPECT_THAT(rules_of(imported), IsEmpty());
    EXPECT_THAT(problems_of(imported), HasSubstr("f:1:"));
    EXPECT_THAT(problems_of(imported),
                HasSubstr("warning: ACE 'cl0-todev': it allows answers, and no entry allows what "
                          "they answer"));
}

TEST(MudImport, PortsOfWhoBeginsAreRefused) {
    const auto refused = [](const std::string& transport) {
        const MudImport imported =
            import_all(mud_text(ace("a", R"({"ipv4": {}, )" + transport + "}")));
        EXPECT_THAT(rules_of(imported), IsEmpty()) << transport;
        return problems_of(imported);
    };
    EXPECT_THAT(
        refused(R"("udp": {"source-port": {"port": 68}, "destination-port": {"port": 67}})"),
        HasSubstr("the ports of both sides"));
    EXPECT_THAT(refused(R"("tcp": {"ietf-mud:direction-initiated": "to-device",
                           "destination-port": {"port": 80}})"),
                HasSubstr("the port of the side that begins"));
}

TEST(MudImport, PortsAreRangesInEveryNotation) {
    const auto port = [](const std::string& choice) {
        const MudImport imported =
            import_all(mud_text(ace("a", R"({"udp": {"destination-port": {)" + choice + "}}}")));
        std::string services;
        for (const policy::Rule& rule : imported.policy->rules) {
            services += (services.empty() ? "" : " ") + policy::to_text(rule.services);
        }
        return services;
    };
    EXPECT_EQ(port(R"("operator": "eq", "port": 53)"), "udp/53");
    EXPECT_EQ(port(R"("lower-port": 6970, "upper-port": 6999)"), "udp/6970-6999");
    EXPECT_EQ(port(R"("operator": "range", "lower-port": 0, "upper-port": 9)"), "udp/1-9");
    EXPECT_EQ(port(R"("operator": "lte", "port": 1023)"), "udp/1-1023");
    EXPECT_EQ(port(R"("operator": "gte", "port": 1024)"), "udp/1024-65535");
    EXPECT_EQ(port(R"("operator": "neq", "port": 53)"), "udp/1-52 udp/54-65535");
    EXPECT_EQ(port(R"("operator": "neq", "port": 65535)"), "udp/1-65534");
    for (const char* const wrong : {R"("operator": "eq", "port": 65536)",
                                    R"("operator": "eq", "port": -1)",
                                    R"("operator": "eq", "port": "53")",
                                    R"("operator": "eq", "port": 0)",
                                    R"("operator": "near", "port": 53)",
                                    R"("lower-port": 9, "upper-port": 8)",
                                    R"("lower-port": 9)",
                                    R"("port": 1, "more": 2)"}) {
        EXPECT_EQ(port(wrong), "") << wrong;
    }
}

TEST(MudImport, ControllersNeedADefinition) {
    const std::string dns = R"({"ietf-mud:mud": {"controller": "urn:ietf:params:mud:dns"},
        "udp": {"destination-port": {"port": 53}}})";
    const std::string mine = R"({"ietf-mud:mud": {"my-controller": [null]}})";
    const std::string text = mud_text(ace("dns", dns) + "," + ace("mine", mine));
    const MudImport without = import_all(text);
    EXPECT_THAT(rules_of(without), IsEmpty());
    EXPECT_THAT(problems_of(without),
                HasSubstr("ACE 'dns': nothing says which addresses 'dns' has here; add --define "
                          "'dns=ADDRESS'"));
    EXPECT_THAT(problems_of(without), HasSubstr("add --define 'my-controller=ADDRESS'"));
    const MudImport with = import_all(text, {"dns=192.0.2.53,2001:db8::53", "my-controller=::1"});
    EXPECT_THAT(rules_of(with), ElementsAre("dns: allow egress dns-v4 udp/53"));
    EXPECT_EQ(with.policy->labels.at("mud/dns-v4"), "urn:ietf:params:mud:dns");
    EXPECT_THAT(problems_of(with), HasSubstr("'my-controller' has no IPv4 address"));
}

TEST(MudImport, EveryClassCanBeDefined) {
    const auto entry = [](const std::string& matches) {
        return ace("a", R"({"ietf-mud:mud": {)" + matches + "}}");
    };
    const auto group = [&](const std::string& matches, const char* definition) {
        const MudImport imported = import_all(mud_text(entry(matches)), {definition});
        EXPECT_EQ(problems_of(imported), "") << definition;
        return imported.policy->groups.empty() ? "" : imported.policy->groups[0].name;
    };
    EXPECT_EQ(group(R"("same-manufacturer": [null])", "same-manufacturer=192.0.2.1"),
              "same-manufacturer-v4");
    EXPECT_EQ(
        group(R"("manufacturer": "lamp.example.com")", "manufacturer:lamp.example.com=192.0.2.1"),
        "manufacturer-lamp-example-com-v4");
    EXPECT_EQ(
        group(R"("model": "https://a.example/m?x=1")", "model:https://a.example/m?x=1=192.0.2.1"),
        "model-https---a-example-m-x-1-v4");
    EXPECT_EQ(group(R"("controller": "https://a.example/c")", "https://a.example/c=192.0.2.1"),
              "controller-a-example-c-v4");
}

TEST(MudImport, DefinitionsThatAreNoneAreRefused) {
    MudDefinitions definitions;
    for (const char* const wrong :
         {"dns", "=192.0.2.1", "dns=", "dns=host", "dns=192.0.2.1,", "manufacturer:=192.0.2.1"}) {
        EXPECT_FALSE(define(wrong, definitions)) << wrong;
    }
}

TEST(MudImport, LocalNetworksArePrivateAddressesUntilTheyAreDefined) {
    const std::string text = mud_text(ace("a", R"({"ietf-mud:mud": {"local-networks": [null]}})"));
    const MudImport imported = import_mud(text, {});
    ASSERT_TRUE(imported.policy);
    EXPECT_THAT(policy::to_texts(imported.policy->groups.at(0).selector),
                ElementsAre("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"));
    EXPECT_THAT(problems_of(imported), HasSubstr("add --define local-networks=NETWORK"));
}

TEST(MudImport, LocalNetworksNarrowNoGroupAddressAndNoBroadcast) {
    const auto remote = [](const std::string& matches) {
        const MudImport imported = import_all(
            mud_text(ace("a", R"({"ietf-mud:mud": {"local-networks": [null]}, )" + matches + "}")));
        return imported.policy->rules.empty() ? problems_of(imported)
                                              : imported.policy->rules[0].remote.at(0);
    };
    EXPECT_EQ(remote(R"("ipv4": {"destination-ipv4-network": "239.255.255.250/32"})"),
              "239.255.255.250");
    EXPECT_EQ(remote(R"("ipv4": {"destination-ipv4-network": "255.255.255.255/32"},
                        "eth": {"destination-mac-address": "ff:ff:ff:ff:ff:ff"})"),
              "255.255.255.255");
    EXPECT_EQ(remote(R"("eth": {"destination-mac-address": "ff:ff:ff:ff:ff:ff"})"),
              "ff:ff:ff:ff:ff:ff");
    EXPECT_EQ(remote(R"("ipv4": {"destination-ipv4-network": "192.168.7.9/25"})"),
              "192.168.7.0/25");
    EXPECT_THAT(remote(R"("ipv4": {"destination-ipv4-network": "198.51.100.1/32"})"),
                HasSubstr("several things of the remote side at once"));
}

TEST(MudImport, IcmpIsARuleForRequestsAndAnswersNeedNone) {
    const auto icmp = [](int type, int code) {
        return R"({"ipv4": {"protocol": 1}, "icmp": {"type": )" + std::to_string(type) +
               R"(, "code": )" + std::to_string(code) + "}}";
    };
    const MudImport imported =
        import_all(mud_text(ace("ping", icmp(8, 0)) + "," + ace("gone", icmp(3, 1)),
                            ace("pong", icmp(0, 0)) + "," + ace("odd", icmp(8, 1))));
    EXPECT_THAT(rules_of(imported), ElementsAre("ping: allow egress 0.0.0.0/0 icmp/echo-request"));
    EXPECT_EQ(imported.outcomes.at(2).kind, Kind::answers);
    EXPECT_THAT(problems_of(imported), HasSubstr("'gone': it asks for code 1 of ICMP type 3"));
    EXPECT_THAT(problems_of(imported), HasSubstr("'odd': it asks for code 1 of ICMP type 8"));
}

TEST(MudImport, WhatTheBaselineHasNeedsNoRule) {
    const auto entry = [](const std::string& name, const std::string& matches) {
        return ace(name, "{" + matches + "}");
    };
    const MudImport imported =
        import_all(mud_text(entry("igmp", R"("ipv4": {"protocol": 2})") + "," +
                            entry("eapol", R"("eth": {"ethertype": "0x888e"})") + "," +
                            entry("llc", R"("eth": {"ethertype": "0x0006"})")));
    EXPECT_THAT(rules_of(imported), IsEmpty());
    EXPECT_EQ(imported.outcomes.at(0).by, "multicastMembership");
    EXPECT_EQ(imported.outcomes.at(1).by, "eapol");
    EXPECT_EQ(imported.policy->baseline, TG_BASELINE_DEFAULT | TG_BASELINE_EAPOL);
    EXPECT_THAT(problems_of(imported),
                HasSubstr("'llc': the gate passes no frames of ethertype 0x0006"));
}

TEST(MudImport, NothingThatAnEntryAsksForIsPassedOver) {
    const auto refused = [](const std::string& matches) {
        const MudImport imported = import_all(mud_text(ace("a", "{" + matches + "}")));
        EXPECT_THAT(rules_of(imported), IsEmpty()) << matches;
        return problems_of(imported);
    };
    EXPECT_THAT(refused(R"("ipv4": {"dscp": 46})"), HasSubstr("it asks for 'ipv4/dscp'"));
    EXPECT_THAT(refused(R"("tcp": {"flags": "syn"})"), HasSubstr("'tcp/flags'"));
    EXPECT_THAT(refused(R"("udp": {"ietf-mud:direction-initiated": "to-device"})"),
                HasSubstr("'udp/ietf-mud:direction-initiated'"));
    EXPECT_THAT(refused(R"("l2vpn": {})"), HasSubstr("'l2vpn'"));
    EXPECT_THAT(refused(R"("ipv4": {"source-ipv4-network": "192.0.2.1/32"})"),
                HasSubstr("an address of the device itself"));
    EXPECT_THAT(refused(R"("ipv4": {"destination-ipv4-network": "2001:db8::1"})"),
                HasSubstr("'2001:db8::1' is no IPv4 network"));
    EXPECT_THAT(refused(R"("ipv6": {})"), HasSubstr("IPv4 and IPv6 at once"));
    EXPECT_THAT(refused(R"("ipv4": {"protocol": 6}, "udp": {})"), HasSubstr("two protocols"));
    EXPECT_THAT(refused(R"("ipv4": {"protocol": 103})"), HasSubstr("no packets of protocol 103"));
    EXPECT_THAT(refused(R"("ipv4": {"ietf-acldns:dst-dnsname": "a b"})"),
                HasSubstr("no host name"));
    EXPECT_THAT(refused(R"("ipv4": {"ietf-acldns:dst-dnsname": "a.example",
                                    "destination-ipv4-network": "192.0.2.1/32"})"),
                HasSubstr("several things"));
}

TEST(MudImport, AGroupIsWidenedNeitherByItsMacAddressNorByAPartOfTheBaseline) {
    const auto imported = [](const std::string& matches) {
        const MudImport made = import_all(mud_text(ace("a", "{" + matches + "}")));
        return made.policy->rules.empty() ? problems_of(made) : rules_of(made).front();
    };
    const std::string mdns = R"("eth": {"destination-mac-address": "01:00:5e:00:00:fb"}, )";
    EXPECT_EQ(imported(mdns + R"("ipv4": {"destination-ipv4-network": "224.0.0.251/32"})"),
              "a: allow egress 224.0.0.251 any");
    EXPECT_EQ(imported(mdns + R"("ipv4": {"destination-ipv4-network": "239.128.0.251/32"})"),
              "a: allow egress 239.128.0.251 any");  // has the same MAC address (RFC 1112, 6.4)
    EXPECT_THAT(imported(mdns + R"("ipv4": {"destination-ipv4-network": "224.0.0.0/4"})"),
                HasSubstr("several things of the remote side"));
    EXPECT_THAT(imported(mdns + R"("ipv4": {"destination-ipv4-network": "224.0.0.252/32"})"),
                HasSubstr("several things of the remote side"));
    const auto eapol = [&](const std::string& mac) {
        return imported(R"("eth": {"ethertype": "0x888e", "destination-mac-address": ")" + mac +
                        R"("})");
    };
    EXPECT_EQ(eapol("01:80:c2:00:00:03"), "");
    EXPECT_EQ(imported(R"("eth": {"ethertype": "0x88cc"},
                          "ietf-mud:mud": {"local-networks": [null]})"),
              "");
    EXPECT_THAT(eapol("02:00:00:00:00:09"), HasSubstr("the part 'eapol' of the baseline is whole"));
    EXPECT_THAT(imported(R"("eth": {"ethertype": "0x88cc"},
                            "ietf-mud:mud": {"my-controller": [null]})"),
                HasSubstr("the part 'lldp' of the baseline is whole"));
}

TEST(MudImport, ListsThatNobodyNamesAreNoPartOfThePolicy) {
    std::string text = mud_text(ace("a", kCloud));
    text.replace(text.find(R"("name": "from"}]}})"), 14, R"("name": "to")");
    const MudImport imported = import_all(text);
    EXPECT_THAT(rules_of(imported), IsEmpty());
    EXPECT_THAT(problems_of(imported), HasSubstr("its list 'from' is in neither policy"));
}

TEST(MudImport, WhatIsBrokenIsAnErrorWithItsPlace) {
    const auto error = [](const std::string& from, const std::string& to) {
        std::string text = mud_text(ace("a", kCloud));
        text.replace(text.find(from), from.size(), to);
        const MudImport imported = import_all(text);
        EXPECT_FALSE(imported.policy) << to;
        return problems_of(imported);
    };
    EXPECT_THAT(error(R"("mud-version": 1)", R"("mud-version": 2)"), HasSubstr("f:1:34: error"));
    EXPECT_THAT(error(R"("mud-version": 1)", R"("mud-version": "1")"),
                HasSubstr("'mud-version' is no whole number"));
    EXPECT_THAT(error(R"("ietf-mud:mud")", R"("mud2")"), HasSubstr("'mud' is missing"));
    EXPECT_THAT(error(R"("aces": {)", R"("aces": 5, "x": {)"), HasSubstr("'aces' is no object"));
    EXPECT_THAT(error(R"("aces": {"ace": [)", R"("aces": {"aec": [)"),
                HasSubstr("'ace' is missing"));
    EXPECT_THAT(error(R"("acl": [)", R"("lca": [)"), HasSubstr("'acl' is missing"));
    EXPECT_THAT(error(R"("name": "from"}]}})", R"("name": "gone"}]}})"),
                HasSubstr("there is no access list 'gone'"));
    EXPECT_THAT(error(R"("name": "to", "type")", R"("name": "from", "type")"),
                HasSubstr("two access lists"));
}

// Of two, one would be passed over, and what it denies would pass.
TEST(MudImport, NothingIsThereTwice) {
    const auto error = [](const std::string& from, const std::string& to) {
        std::string text = mud_text(ace("a", kCloud, "drop"));
        text.replace(text.find(from), from.size(), to);
        const MudImport imported = import_all(text);
        EXPECT_FALSE(imported.policy) << to;
        return problems_of(imported);
    };
    EXPECT_THAT(error(R"("forwarding":)",
                      R"("ietf-access-control-list:forwarding": "accept", "forwarding":)"),
                HasSubstr("'forwarding' is here twice, with and without its module"));
    EXPECT_THAT(error(R"("ietf-access-control-list:acls":)",
                      R"("access-lists": {"acl": []}, "ietf-access-control-list:acls":)"),
                HasSubstr("the file has both 'acls' and 'access-lists'"));
}

TEST(MudImport, AnEntryOutsideOfAnArrayIsAnError) {
    std::string text = mud_text(ace("a", kCloud, "drop"));
    const std::size_t begin = text.find(R"({"name": "a")");
    const std::size_t end = text.find("]}}", begin);
    text.erase(end, 1);
    text.erase(begin - 1, 1);
    const MudImport imported = import_all(text);
    EXPECT_FALSE(imported.policy);
    EXPECT_THAT(problems_of(imported), HasSubstr("'ace' is no array"));
}

}  // namespace
}  // namespace tollgate::exchange
