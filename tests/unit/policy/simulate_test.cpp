// SPDX-License-Identifier: MIT
#include "policy/simulate.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/support/dns.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;
using policy::BlockedFlow;
using policy::Simulation;
using policy::SimulationReport;

constexpr Direction kIn = Direction::ingress;
constexpr Direction kOut = Direction::egress;

class SimulationTest : public testing::Test {
  protected:
    void out(const Bytes& frame) { add(frame, kOut); }
    void in(const Bytes& frame) { add(frame, kIn); }
    void add(const Bytes& frame, Direction direction) {
        now += 1ms;
        simulation.add(frame, direction, now, static_cast<std::uint32_t>(frame.size()));
    }
    void connect_out() {
        out(talk.tcp(kOut, {kSyn}));
        in(talk.tcp(kIn, {kSyn | kAck}));
        out(talk.tcp(kOut, {kAck}));
    }

    Simulation simulation{
        policy_of({allow("web", kOut, {service(IPPROTO_TCP, 443)}),
                   allow("dns", kOut, {service(IPPROTO_UDP, 53)}),
                   named(allow("sync", kOut, {service(IPPROTO_TCP, 8883)}), "example.com")})};
    policy::Timestamp now{1'700'000'000s};
    Talk talk;
};

TEST_F(SimulationTest, CountsFlowsAndPacketsThatPass) {
    connect_out();
    const SimulationReport report = simulation.report();
    EXPECT_EQ(report.flows, 1U);
    EXPECT_EQ(report.packets, 3U);
    EXPECT_EQ(report.packets_blocked, 0U);
    EXPECT_TRUE(report.blocked.empty());
}

TEST_F(SimulationTest, NamesEveryBlockedFlowWithItsReason) {
    talk.remote_port = 25;
    connect_out();
    const SimulationReport report = simulation.report();
    EXPECT_EQ(report.flows, 1U);
    EXPECT_EQ(report.packets_blocked, 3U);
    ASSERT_EQ(report.blocked.size(), 1U);
    const BlockedFlow& blocked = report.blocked.front();
    EXPECT_EQ(blocked.reason, DropReason::policy_default);
    EXPECT_EQ(blocked.packets, 3U);
    EXPECT_EQ(blocked.flow.direction, kOut);
    EXPECT_EQ(blocked.flow.remote, talk.remote);
    EXPECT_EQ(blocked.flow.service_port(), 25);
    EXPECT_TRUE(blocked.flow.answered);
    EXPECT_EQ(blocked.flow.first_seen, policy::Timestamp(1'700'000'000s) + 1ms);
    EXPECT_EQ(report.blocked_by_reason.at(DropReason::policy_default), 1U);
}

TEST_F(SimulationTest, AScanThatNobodyAnswersIsNoFlow) {
    talk.local_port = 23;
    talk.remote_port = 50000;
    in(talk.tcp(kIn, {kSyn}));
    out(talk.tcp(kOut, {kRst | kAck}));
    in(talk.udp(kIn));
    in(talk.tcp(kIn, {kAck}));
    const SimulationReport report = simulation.report();
    EXPECT_EQ(report.flows, 0U);
    EXPECT_EQ(report.packets, 4U);
    EXPECT_EQ(report.packets_blocked, 4U);
}

TEST_F(SimulationTest, AnInboundFlowThatTheDeviceAnswersCounts) {
    talk.local_port = 80;
    in(talk.tcp(kIn, {kSyn}));
    out(talk.tcp(kOut, {kSyn | kAck}));
    const SimulationReport report = simulation.report();
    ASSERT_EQ(report.blocked.size(), 1U);
    EXPECT_EQ(report.blocked.front().flow.direction, kIn);
    EXPECT_EQ(report.blocked.front().flow.service_port(), 80);
}

TEST_F(SimulationTest, TheSameFiveTupleAfterItsTimeoutIsAnotherFlow) {
    talk.remote_port = 123;
    out(talk.udp(kOut));
    now += 31s;
    out(talk.udp(kOut));
    EXPECT_EQ(simulation.report().flows, 2U);
    EXPECT_EQ(simulation.report().blocked.size(), 2U);
}

TEST_F(SimulationTest, AFlowPickedUpMidStreamIsNotBlockedByItsFirstSegment) {
    in(talk.tcp(kIn, {kAck}));
    out(talk.tcp(kOut, {kAck}));
    in(talk.tcp(kIn, {kAck}));
    const SimulationReport report = simulation.report();
    EXPECT_EQ(report.flows, 1U);
    EXPECT_EQ(report.packets_blocked, 1U);
    EXPECT_TRUE(report.blocked.empty());
}

TEST_F(SimulationTest, NamesAreLearnedFromTheCapturesOwnAnswers) {
    talk.remote_port = 8883;
    connect_out();
    Talk resolver;
    resolver.remote = ip("192.0.2.53");
    resolver.remote_port = 53;
    out(resolver.udp(kOut, dns_query("example.com").wire()));
    in(resolver.udp(kIn, dns_answer("example.com", {address_record("", talk.remote)}).wire()));
    talk.local_port = 40001;
    connect_out();
    const SimulationReport report = simulation.report();
    EXPECT_EQ(report.flows, 3U);
    EXPECT_EQ(report.blocked.size(), 1U);
}

TEST_F(SimulationTest, AFrameThatTheCaptureCutShortIsJudgedByItsHeaders) {
    const Bytes whole = talk.frame(kOut, IPPROTO_TCP, tcp({40000, 443}, {}, Bytes(500)));
    simulation.add(std::span(whole).first(80), kOut, now, static_cast<std::uint32_t>(whole.size()));
    EXPECT_EQ(simulation.report().packets_blocked, 0U);
}

TEST_F(SimulationTest, ABlockedFlowToAGroupIsOne) {
    talk.remote = ip("224.0.0.251");
    talk.remote_port = 5353;
    out(talk.udp(kOut));
    talk.remote = ip("192.0.2.80");
    out(talk.udp(kOut));
    const SimulationReport report = simulation.report();
    ASSERT_EQ(report.blocked.size(), 2U);
    EXPECT_TRUE(report.blocked[0].flow.group);
    EXPECT_FALSE(report.blocked[1].flow.group);
}

TEST_F(SimulationTest, TheRuleThatRefusesIsNamed) {
    simulation = Simulation(policy_of({rule("no-mail", policy::Rank::deny, kOut)}));
    out(talk.udp(kOut));
    EXPECT_EQ(simulation.report().blocked.at(0).rule, "no-mail");
}

}  // namespace
}  // namespace tollgate::test
