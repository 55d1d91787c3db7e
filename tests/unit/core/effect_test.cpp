// SPDX-License-Identifier: MIT
#include "agent/core/effect.hpp"

#include <gtest/gtest.h>

#include "tests/support/flows.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::agent {
namespace {

using namespace std::chrono_literals;
using test::kMonday;

/// A policy that allows the service of test::flow_to() to example.com only.
class EffectTest : public testing::Test {
  protected:
    void answer(policy::Timestamp at, const std::string& name = "example.com") {
        traffic.names.bind({test::ip("192.0.2.1"), name, at, 1h});
    }
    /// What becomes of a flow to 192.0.2.1 at kMonday that was recorded without a name.
    [[nodiscard]] Effect effect() {
        traffic.flows = {{test::flow_to("192.0.2.1"), {}}};
        return effect_of(policy, traffic, {});
    }

    policy::Policy policy = test::policy_of({test::named(
        test::allow("cloud", policy::Direction::egress, {test::service(IPPROTO_TCP, 443)}),
        "example.com")});
    RecordedTraffic traffic{{}, policy::NameTable{10}, {}, kMonday + 10h};
};

TEST_F(EffectTest, AFlowToAnAddressWithoutANameWouldBeDropped) {
    EXPECT_EQ(effect().drop, 1U);
    answer(kMonday, "example.net");
    ASSERT_EQ(effect().would_drop.size(), 1U);
    EXPECT_EQ(effect().would_drop.front().reason, DropReason::policy_default);
}

TEST_F(EffectTest, AFlowIsJudgedByTheAnswerBeforeItThoughItCameAgainSince) {
    answer(kMonday - 1s);
    answer(kMonday + 30min);
    EXPECT_EQ(effect().pass, 1U);
}

TEST_F(EffectTest, AFlowBeforeTheFirstAnswerIsJudgedByIt) {
    answer(kMonday + 10s);
    EXPECT_EQ(effect().pass, 1U);
}

TEST_F(EffectTest, AnAnswerThatCameMuchLaterSaysNothingOfAFlow) {
    answer(kMonday + 1h + 1us);
    EXPECT_EQ(effect().drop, 1U);
}

/// A policy that allows what test::flow_from() does to the peer nvr, and a flow of it.
class TunnelEffectTest : public testing::Test {
  protected:
    TunnelEffectTest() {
        policy::Rule rule =
            test::allow("stream", policy::Direction::ingress, {test::service(IPPROTO_TCP, 554)});
        rule.selector.peers = {"nvr"};
        rule.via = policy::Via::tunnel;
        policy = test::policy_of({rule});
    }
    [[nodiscard]] bool passes(const policy::FlowRecord& flow) const {
        return judge(policy, traffic, {flow, {}}).passes();
    }

    policy::Policy policy;
    RecordedTraffic traffic{{}, policy::NameTable{10}, {}, kMonday + 10h};
    const policy::FlowRecord stream = test::flow_from("10.9.0.2", 554);
};

TEST_F(TunnelEffectTest, AFlowIsJudgedOnTheLinkThatItWasSeenOn) {
    EXPECT_TRUE(passes(test::in_tunnel(stream, "nvr")));
    EXPECT_FALSE(passes(test::in_tunnel(stream, "desk")));
    EXPECT_FALSE(passes(stream));
}

TEST_F(TunnelEffectTest, AFlowOfAnUnknownLinkIsJudgedInTheClear) {
    policy::FlowRecord flow = stream;
    flow.link = policy::Link::unknown;
    EXPECT_FALSE(passes(flow));
}

TEST_F(TunnelEffectTest, WhoseAnAddressIsNowCounts) {
    const policy::FlowRecord flow = test::in_tunnel(stream, "nvr");
    traffic.tunnels.add_tunnel(flow.zone, {});
    EXPECT_FALSE(passes(flow));
    traffic.tunnels.add_address({flow.zone, *Prefix::parse("10.9.0.2"), "nvr"});
    EXPECT_TRUE(passes(flow));
}

}  // namespace
}  // namespace tollgate::agent
