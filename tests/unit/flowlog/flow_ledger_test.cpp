// SPDX-License-Identifier: MIT
#include "agent/flowlog/flow_ledger.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <gtest/gtest.h>

#include <tollgate/abi/limits.h>

namespace tollgate::agent {
namespace {

constexpr std::uint64_t kInterval = 60 * TG_SECOND;
constexpr std::uint16_t kFins = TG_FLOW_FIN_INGRESS | TG_FLOW_FIN_EGRESS;

struct Told {
    FlowLogType type;
    FlowEnd end;
    std::uint64_t packets;  ///< egress, since the line before
    std::uint64_t bytes;
    std::string rule;
};

/// A ledger over a table that tests change; a look every five seconds.
class FlowLedgerTest : public testing::Test {
  protected:
    static tg_flow_key key(std::uint16_t port, std::uint8_t protocol = IPPROTO_TCP) {
        tg_flow_key made{};
        made.local_port = htons(port);
        made.protocol = protocol;
        return made;
    }
    /// A flow that has just begun.
    tg_flow established() const {
        tg_flow flow{};
        flow.first_seen_ns = flow.last_seen_ns = now;
        flow.flags = TG_FLOW_LOCAL_INITIATED | TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED;
        flow.packets[TG_EGRESS] = 3;
        flow.bytes[TG_EGRESS] = 300;
        return flow;
    }
    void carry(tg_flow& flow, std::uint64_t packets) const {
        flow.packets[TG_EGRESS] += packets;
        flow.bytes[TG_EGRESS] += packets * 100;
        flow.last_seen_ns = now;
    }
    /// Looks at one flow, or at an empty table. @return what is told
    std::vector<Told> look(const std::optional<tg_flow>& flow, const tg_flow_key& of = key(50000)) {
        told.clear();
        ledger.begin_look(now);
        if (flow) {
            ledger.show(of, *flow);
        }
        ledger.end_look(/*whole=*/true);
        return told;
    }
    std::vector<Told> look_after(std::uint64_t seconds, const std::optional<tg_flow>& flow) {
        now += seconds * TG_SECOND;
        return look(flow);
    }

    std::uint64_t now = 1000 * TG_SECOND;
    std::vector<Told> told;
    FlowLedger ledger{kInterval,
                      {.tell =
                           [this](const FlowLedger::Line& line) {
                               told.push_back({line.type,
                                               line.end,
                                               line.packets[TG_EGRESS],
                                               line.bytes[TG_EGRESS],
                                               line.rule});
                           },
                       .rule_name =
                           [](const tg_flow& flow) {
                               return "rule-" + std::to_string(flow.rule);
                           }}};
};

TEST_F(FlowLedgerTest, AFlowThatGoesOnIsToldOnceInEachInterval) {
    tg_flow flow = established();
    std::uint64_t packets = 0;
    std::size_t lines = 0;
    const auto go_on = [&] {
        carry(flow, 2);
        for (const Told& line : look_after(5, flow)) {
            EXPECT_EQ(line.type, FlowLogType::interval);
            packets += line.packets;
            ++lines;
        }
    };
    for (int i = 0; i <= 12 && lines == 0; ++i) {  // when, depends on its key
        go_on();
    }
    ASSERT_EQ(lines, 1U);
    for (int i = 0; i < 12 * 10; ++i) {
        go_on();
    }
    EXPECT_EQ(lines, 11U);
    const auto end = look_after(std::uint64_t{86400} * 6, flow);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].end, FlowEnd::idle);
    EXPECT_EQ(packets + end[0].packets, flow.packets[TG_EGRESS]);
}

TEST_F(FlowLedgerTest, FlowsThatWereFoundTogetherAreToldAllOverTheInterval) {
    tg_flow flow = established();
    std::size_t most = 0;
    std::size_t all = 0;
    for (int i = 0; i <= 12; ++i) {
        now += 5 * TG_SECOND;
        carry(flow, 1);
        told.clear();
        ledger.begin_look(now);
        for (std::uint16_t port = 1; port <= 120; ++port) {
            ledger.show(key(port), flow);
        }
        ledger.end_look(/*whole=*/true);
        most = std::max(most, told.size());
        all += told.size();
    }
    EXPECT_GE(all, 120U);
    EXPECT_LE(most, 30U);  // of 10 that are to be expected
}

TEST_F(FlowLedgerTest, AFlowThatSaysNothingIsNotTold) {
    tg_flow flow = established();
    std::size_t lines = 0;
    for (int i = 0; i < 12 * 10; ++i) {
        lines += look_after(5, flow).size();
    }
    EXPECT_EQ(lines, 1U);  // what it said at first
}

TEST_F(FlowLedgerTest, FlowsThatWereFoundTogetherAreToldOneAfterTheOther) {
    std::size_t most = 0;
    for (int i = 0; i < 12; ++i) {
        told.clear();
        now += 5 * TG_SECOND;
        ledger.begin_look(now);
        for (std::uint16_t port = 1; port <= 1200; ++port) {
            tg_flow flow = established();
            flow.first_seen_ns = TG_SECOND;
            ledger.show(key(port), flow);
        }
        ledger.end_look(true);
        most = std::max(most, told.size());
    }
    EXPECT_LT(most, 200U);
}

TEST_F(FlowLedgerTest, AClosedConnectionIsOverWhenItsLastAcknowledgementsAreThere) {
    tg_flow flow = established();
    look(flow);
    carry(flow, 4);
    flow.flags |= kFins;
    EXPECT_TRUE(look_after(1, flow).empty());
    carry(flow, 1);
    EXPECT_TRUE(look_after(1, flow).empty());
    const auto end = look_after(2, flow);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].type, FlowLogType::end);
    EXPECT_EQ(end[0].end, FlowEnd::closed);
    EXPECT_EQ(end[0].packets, 8U);
    EXPECT_EQ(end[0].bytes, 800U);
    EXPECT_TRUE(look_after(100, flow).empty());
    EXPECT_TRUE(look_after(5, std::nullopt).empty());
    EXPECT_EQ(ledger.size(), 0U);
}

TEST_F(FlowLedgerTest, APacketAfterTheEndIsToldInAnotherEnd) {
    tg_flow flow = established();
    flow.flags |= TG_FLOW_RESET;
    look(flow);
    ASSERT_EQ(look_after(5, flow).size(), 1U);
    carry(flow, 1);
    const auto again = look_after(5, flow);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].end, FlowEnd::closed);
    EXPECT_EQ(again[0].packets, 1U);
}

TEST_F(FlowLedgerTest, AFlowIsIdleWhenTheGateForgetsIt) {
    tg_flow flow = established();
    const tg_flow_key udp = key(50000, IPPROTO_UDP);
    look(flow, udp);
    now = flow.last_seen_ns + TG_UDP_STREAM_NS;
    for (const Told& line : look(flow, udp)) {
        EXPECT_EQ(line.end, FlowEnd::none);
    }
    now += 1;
    const auto end = look(flow, udp);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].end, FlowEnd::idle);
}

TEST_F(FlowLedgerTest, AFlowThatHadToMakeRoomIsCountedAsOneWhoseEndWasMissed) {
    look(established());
    const auto end = look_after(5, std::nullopt);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].end, FlowEnd::evicted);
    EXPECT_EQ(end[0].packets, 3U);
    EXPECT_EQ(ledger.missed_ends(), 1U);
}

TEST_F(FlowLedgerTest, WhatCouldNotBeReadIsNotGone) {
    look(established());
    told.clear();
    ledger.begin_look(now);
    ledger.end_look(/*whole=*/false);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(ledger.size(), 1U);
}

TEST_F(FlowLedgerTest, TheSamePortsAgainAreAnotherFlow) {
    tg_flow flow = established();
    flow.flags |= kFins;
    look(flow);
    now += TG_SECOND;
    const auto lines = look(established());
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].end, FlowEnd::closed);
    EXPECT_EQ(lines[0].packets, 3U);
    EXPECT_EQ(ledger.seen(), 2U);
    EXPECT_EQ(ledger.missed_ends(), 0U);
}

TEST_F(FlowLedgerTest, AFlowThatNoRuleAllowsAnyMoreIsRevoked) {
    const tg_flow flow = established();
    look(flow);
    now += TG_SECOND;
    ledger.note_drop(key(50000), now, TG_DROP_RATE_LIMIT);
    EXPECT_TRUE(look(flow).empty());
    ledger.note_drop(key(50000), now, TG_DROP_POLICY_DEFAULT);
    const auto end = look(flow);
    ASSERT_EQ(end.size(), 1U);
    EXPECT_EQ(end[0].end, FlowEnd::revoked);
}

TEST_F(FlowLedgerTest, AFlowThatPassesAgainIsNotRevoked) {
    tg_flow flow = established();
    look(flow);
    ledger.note_drop(key(50000), now, TG_DROP_POLICY_DEFAULT);
    now += TG_SECOND;
    carry(flow, 1);
    EXPECT_TRUE(look(flow).empty());
}

TEST_F(FlowLedgerTest, TheRuleIsThatOfTheLastJudgement) {
    tg_flow flow = established();
    flow.rule = 1;
    look(flow);
    flow.rule = 2;
    flow.generation = 7;
    const auto lines = look_after(60, flow);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].rule, "rule-2");
}

TEST_F(FlowLedgerTest, WhatAnEarlierAgentHasToldIsNotToldAgain) {
    tg_flow flow = established();
    ledger.take_over();
    EXPECT_TRUE(look(flow).empty());
    EXPECT_EQ(ledger.seen(), 0U);
    carry(flow, 2);
    const auto lines = look_after(60, flow);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].packets, 2U);
}

TEST_F(FlowLedgerTest, AFlowThatWasOverBeforeTheAgentIsNotTold) {
    tg_flow flow = established();
    flow.flags |= TG_FLOW_RESET;
    ledger.take_over();
    look(flow);
    EXPECT_TRUE(look_after(300, flow).empty());
    EXPECT_TRUE(look_after(5, std::nullopt).empty());
}

TEST_F(FlowLedgerTest, AtTheStopEveryFlowThatGoesOnIsTold) {
    look(established());
    ledger.stop();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].end, FlowEnd::stopped);
    EXPECT_EQ(told[0].packets, 3U);
}

}  // namespace
}  // namespace tollgate::agent
