// SPDX-License-Identifier: MIT
// Packets that look alike and must not be joined.
#include <functional>

#include <gtest/gtest.h>

#include "agent/tunnel/coalesce.hpp"
#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

using test::Flow;
using test::Packet;

/// How many of two packets that follow each other are joined, after a change to the second.
std::size_t joined_after(Flow flow, const std::function<void(Flow&)>& change) {
    Packet first = flow.build(100);
    flow.sequence += 100;
    ++flow.id;
    change(flow);
    Packet second = flow.build(100);
    const std::vector<crypto::MutableBytes> both{first, second};
    return Coalescer{true}.take(both);
}

const std::vector<Flow> kFlows{{.is_ipv6 = false, .is_tcp = true},
                               {.is_ipv6 = true, .is_tcp = true},
                               {.is_ipv6 = false, .is_tcp = false},
                               {.is_ipv6 = true, .is_tcp = false}};

void expect_not_joined(const std::function<void(Flow&)>& change) {
    for (const Flow& flow : kFlows) {
        ASSERT_EQ(joined_after(flow, [](Flow&) {}), 2U);
        if (flow.is_tcp) {
            EXPECT_EQ(joined_after(flow, change), 1U);
        }
    }
}

TEST(CoalescerRules, ADifferentFieldOfTheTcpHeaderKeepsPacketsApart) {
    expect_not_joined([](Flow& flow) { ++flow.sequence; });
    expect_not_joined([](Flow& flow) { --flow.sequence; });
    expect_not_joined([](Flow& flow) { ++flow.acknowledged; });
    expect_not_joined([](Flow& flow) { ++flow.window; });
    expect_not_joined([](Flow& flow) { flow.options += 4; });
    expect_not_joined([](Flow& flow) { flow.flags |= 0x40; });  // ECE
}

TEST(CoalescerRules, ADifferentPortTrafficClassOrVersionKeepsPacketsApart) {
    for (const Flow& flow : kFlows) {
        EXPECT_EQ(joined_after(flow, [](Flow& next) { ++next.source_port; }), 1U);
        EXPECT_EQ(joined_after(flow, [](Flow& next) { next.traffic_class = 1; }), 1U);
        EXPECT_EQ(joined_after(flow, [](Flow& next) { next.is_ipv6 = !next.is_ipv6; }), 1U);
        EXPECT_EQ(joined_after(flow, [](Flow& next) { next.is_tcp = !next.is_tcp; }), 1U);
    }
}

TEST(CoalescerRules, OnlyTheIdentificationOfWhatMayBeFragmentedHasToCountOn) {
    const Flow may{.may_fragment = true};
    EXPECT_EQ(joined_after(may, [](Flow&) {}), 2U);
    EXPECT_EQ(joined_after(may, [](Flow& next) { ++next.id; }), 1U);
    EXPECT_EQ(joined_after(may, [](Flow& next) { next.may_fragment = false; }), 1U);
    EXPECT_EQ(joined_after({}, [](Flow& next) { next.id = 0; }), 2U);
}

TEST(CoalescerRules, SegmentsThatDoMoreThanCarryBytesStayAlone) {
    for (const unsigned flag : {0x02U, 0x04U, 0x20U, 0x80U}) {  // SYN, RST, URG, CWR
        const Flow flow{.flags = static_cast<std::uint8_t>(0x10U | flag)};
        EXPECT_EQ(joined_after(flow, [](Flow&) {}), 1U) << flag;
        EXPECT_EQ(joined_after({}, [=](Flow& next) { next.flags = flow.flags; }), 1U) << flag;
    }
    EXPECT_EQ(joined_after({.flags = 0}, [](Flow&) {}), 1U);
}

/// Whether the packets, changed in the same way, are joined.
bool joins_changed(const Flow& flow, const std::function<void(Packet&)>& change) {
    Flow next = flow;
    next.sequence += 100;
    ++next.id;
    Packet first = flow.build(100);
    Packet second = next.build(100);
    change(first);
    change(second);
    const std::vector<crypto::MutableBytes> both{first, second};
    return Coalescer{true}.take(both) == 2;
}

TEST(CoalescerRules, OptionsFragmentsAndPaddingStayAsTheyCame) {
    for (const Flow& flow : kFlows) {
        EXPECT_TRUE(joins_changed(flow, [](Packet&) {}));
        EXPECT_FALSE(joins_changed(flow, [](Packet& packet) { packet.emplace_back(); }));
        EXPECT_FALSE(joins_changed(flow, [](Packet& packet) { packet.pop_back(); }));
        EXPECT_FALSE(joins_changed(flow, [](Packet& packet) { packet[0] ^= std::byte{0x20}; }));
    }
    const auto set_fragment = [](unsigned word) {
        return [word](Packet& packet) {
            test::put16(packet, 6, word);
            test::put16(packet, 10, 0);
            test::put16(
                packet, 10, static_cast<std::uint16_t>(~test::plain_sum({packet.data(), 20})));
        };
    };
    EXPECT_TRUE(joins_changed({}, set_fragment(0x0000)));
    EXPECT_FALSE(joins_changed({}, set_fragment(0x2000)));
    EXPECT_FALSE(joins_changed({}, set_fragment(0x0001)));
    EXPECT_FALSE(joins_changed({}, set_fragment(0x8000)));
}

TEST(CoalescerRules, PacketsOfNoPayloadStayAlone) {
    for (const Flow& flow : kFlows) {
        Packet first = flow.build(0);
        Packet second = flow.build(0);
        const std::vector<crypto::MutableBytes> both{first, second};
        EXPECT_EQ(Coalescer{true}.take(both), 1U);
    }
}

TEST(CoalescerRules, EveryTruncationIsTakenAlone) {
    for (const Flow& flow : kFlows) {
        const Packet whole = flow.build(30);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            Packet first(whole.begin(), whole.begin() + static_cast<int>(size));
            Packet second = first;
            const std::vector<crypto::MutableBytes> both{first, second};
            ASSERT_EQ(Coalescer{true}.take(both), 1U) << size;
            ASSERT_EQ(first, second);
        }
    }
}

}  // namespace
}  // namespace tollgate::agent
