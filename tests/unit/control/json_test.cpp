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

}  // namespace
}  // namespace tollgate::agent
