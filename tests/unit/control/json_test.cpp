// SPDX-License-Identifier: MIT
#include "agent/control/json.hpp"

#include <netinet/in.h>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

Json dropped(const tg_event& record) {
    ObservedEvent event;
    event.record = record;
    return event_json(event, "eth0", LoadedPolicy{});
}

TEST(EventJson, AFrameThatIsNotIpHasAMacAddressInsteadOfProtocolAndAddresses) {
    tg_event record{};
    record.reason = TG_DROP_ETHERTYPE;
    record.remote_mac[0] = 0x02;
    const Json json = dropped(record);
    EXPECT_EQ(json.at("reason"), "ethertype");
    EXPECT_EQ(json.at("remoteMac"), "02:00:00:00:00:00");
    for (const char* key : {"protocol", "remote", "local", "remotePort", "localPort"}) {
        EXPECT_FALSE(json.contains(key)) << key;
    }
}

TEST(EventJson, APacketHasItsProtocolAndAddresses) {
    tg_event record{};
    record.key.protocol = IPPROTO_UDP;
    record.remote_mac[0] = 0x02;
    const Json json = dropped(record);
    EXPECT_EQ(json.at("protocol"), "udp");
    EXPECT_EQ(json.at("remote"), "::");
    EXPECT_FALSE(json.contains("remoteMac"));
}

TEST(EventJson, InATunnelItNamesThePeer) {
    ObservedEvent event;
    event.record.key.protocol = IPPROTO_UDP;
    EXPECT_FALSE(event_json(event, "wg0", LoadedPolicy{}).contains("peer"));
    event.peer = "nvr";
    EXPECT_EQ(event_json(event, "wg0", LoadedPolicy{}).at("peer"), "nvr");
}

TEST(FlowJson, SaysWhatCarriedIt) {
    JudgedFlow judged;
    EXPECT_EQ(flow_json(judged).at("link"), "unknown");
    EXPECT_FALSE(flow_json(judged).contains("peer"));
    judged.flow.link = policy::Link::tunnel;
    judged.flow.peer = "nvr";
    EXPECT_EQ(flow_json(judged).at("link"), "tunnel");
    EXPECT_EQ(flow_json(judged).at("peer"), "nvr");
}

TEST(CandidateJson, SaysWhoAndWhere) {
    const auto peer = policy::candidate_of("ingress tcp/554 peer:nvr via tunnel");
    EXPECT_EQ(candidate_json(*peer, false).at("remote"), "peer nvr");
    EXPECT_EQ(candidate_json(*peer, false).at("via"), "tunnel");
    const auto address = policy::candidate_of("ingress tcp/554 192.0.2.1");
    EXPECT_EQ(candidate_json(*address, false).at("remote"), "192.0.2.1");
    EXPECT_EQ(candidate_json(*address, false).at("via"), "clear");
}

TEST(RuleJson, APeerIsNotAnybody) {
    policy::Rule rule;
    EXPECT_EQ(rule_json(rule).at("remote"), Json::array({"any"}));
    EXPECT_FALSE(rule_json(rule).contains("via"));
    rule.selector.peers = {"nvr"};
    rule.via = policy::Via::tunnel;
    EXPECT_EQ(rule_json(rule).at("remote"), Json::array({"peer nvr"}));
    EXPECT_EQ(rule_json(rule).at("via"), "tunnel");
}

}  // namespace
}  // namespace tollgate::agent
