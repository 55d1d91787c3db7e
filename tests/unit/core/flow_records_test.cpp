// SPDX-License-Identifier: MIT
#include "agent/core/flow_records.hpp"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>

#include "tests/support/frame.hpp"

namespace tollgate::agent {
namespace {

tg_flow_key key_of(const IpAddress& remote, const IpAddress& local) {
    tg_flow_key key{};
    std::ranges::copy(remote.bytes, std::begin(key.remote));
    std::ranges::copy(local.bytes, std::begin(key.local));
    return key;
}

bool is_group(std::uint16_t flags, const char* remote, const char* local) {
    tg_flow flow{};
    flow.flags = flags;
    return to_record(key_of(test::ip(remote), test::ip(local)), flow, 0).group;
}

TEST(FlowRecords, AFlowToAMulticastOrBroadcastAddressIsToAGroup) {
    for (const char* group : {"224.0.0.251", "255.255.255.255", "ff02::fb"}) {
        EXPECT_TRUE(is_group(TG_FLOW_LOCAL_INITIATED, group, "192.0.2.1")) << group;
        EXPECT_TRUE(is_group(0, "192.0.2.2", group)) << group;
    }
}

TEST(FlowRecords, AFlowToOneHostIsNot) {
    EXPECT_FALSE(is_group(TG_FLOW_LOCAL_INITIATED, "192.0.2.2", "192.0.2.1"));
    EXPECT_FALSE(is_group(0, "192.0.2.2", "192.0.2.1"));
}

TEST(FlowRecords, AServiceOfAGroupIsToAGroup) {
    tg_service_key key{};
    key.direction = TG_INGRESS;
    std::ranges::copy(test::ip("224.0.0.251").bytes, std::begin(key.local));
    EXPECT_TRUE(to_record(key, tg_service{}, 0).group);
}

policy::FlowRecord record_of_echo(std::uint8_t protocol, __be16 type) {
    tg_service_key key{};
    key.protocol = protocol;
    key.port = type;
    return to_record(key, tg_service{}, 0);
}

TEST(FlowRecords, AServiceOfIcmpIsTheEchoRequest) {
    EXPECT_EQ(record_of_echo(IPPROTO_ICMP, htons(8)).icmp_type, 8);
    EXPECT_EQ(record_of_echo(IPPROTO_ICMP, htons(8)).service_port(), 8);
    EXPECT_EQ(record_of_echo(IPPROTO_ICMPV6, htons(128)).icmp_type, 128);
}

TEST(FlowRecords, AnIcmpServiceOfAnOlderProgramsByteOrderIsTheEchoRequestToo) {
    EXPECT_EQ(record_of_echo(IPPROTO_ICMP, 8).icmp_type, 8);
    EXPECT_EQ(record_of_echo(IPPROTO_ICMPV6, 128).icmp_type, 128);
}

}  // namespace
}  // namespace tollgate::agent
