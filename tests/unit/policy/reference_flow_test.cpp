// SPDX-License-Identifier: MIT
#include "policy/reference_flow.hpp"

#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

using policy::Rank;
using policy::ReferenceGeneration;

// Section 6.
class ReferenceFlowTest : public ReferenceGate {
  protected:
    static constexpr std::uint32_t kIsn = 5000;       // of what we send
    static constexpr std::uint32_t kSequence = 1000;  // of what the remote side sends

    Judgement tcp_in(std::uint8_t flags, std::uint32_t acknowledgement = 0) {
        return in(talk.tcp(kIn, {flags, kSequence, acknowledgement}));
    }
    // It has received all that the other side has sent.
    Judgement tcp_out(std::uint8_t flags) { return out(talk.tcp(kOut, {flags, kIsn, kSequence})); }

    void connect_out() {
        ASSERT_TRUE(passed(tcp_out(kSyn)));
        ASSERT_TRUE(passed(tcp_in(kSyn | kAck)));
        ASSERT_TRUE(passed(tcp_out(kAck)));
    }
    void connect_in() {
        ASSERT_TRUE(passed(tcp_in(kSyn)));
        ASSERT_TRUE(passed(tcp_out(kSyn | kAck)));
        ASSERT_TRUE(passed(tcp_in(kAck, kIsn + 1)));
    }
    [[nodiscard]] const policy::ReferenceFlow& flow() const {
        EXPECT_EQ(model.flows().size(), 1U);
        return model.flows().begin()->second;
    }
    void switch_to(policy::Policy policy, Stage stage = Stage::enforce, BootTime grace = {}) {
        ReferenceGeneration next;
        next.policy = std::move(policy);
        next.stage = stage;
        next.number = ++number;
        next.grace_until = grace;
        model.switch_to(next, now);
    }

    std::uint32_t number = 1;
};

TEST_F(ReferenceFlowTest, AnswersPassWithoutARuleOfTheirOwn) {
    use_allow(kOut);
    connect_out();
    const Judgement answer = tcp_in(kAck | kPsh);
    EXPECT_TRUE(passed(answer));
    EXPECT_TRUE(answer.flow_hit);
    EXPECT_EQ(answer.rule->name, "all");
    EXPECT_TRUE(flow().established);
    EXPECT_FALSE(flow().embryo);
}

TEST_F(ReferenceFlowTest, CountsPacketsAndBytesOfBothDirections) {
    use_allow(kOut);
    connect_out();
    EXPECT_EQ(flow().packets[TG_EGRESS], 2U);
    EXPECT_EQ(flow().packets[TG_INGRESS], 1U);
    EXPECT_EQ(flow().bytes[TG_INGRESS], talk.tcp(kIn, {}).size());
}

TEST_F(ReferenceFlowTest, ADroppedPacketMakesNoFlow) {
    EXPECT_FALSE(tcp_in(kSyn).flow_created);
    EXPECT_TRUE(model.flows().empty());
}

TEST_F(ReferenceFlowTest, InboundTcpIsAnEmbryoUntilItsHandshakeCompletes) {
    use_allow(kIn);
    EXPECT_TRUE(passed(tcp_in(kSyn)));
    EXPECT_TRUE(passed(tcp_in(kSyn)));
    EXPECT_TRUE(flow().embryo);
    EXPECT_TRUE(dropped(tcp_in(kAck, 1), DropReason::no_flow));
    EXPECT_TRUE(passed(tcp_out(kSyn | kAck)));
    EXPECT_TRUE(dropped(tcp_in(kAck, kIsn), DropReason::no_flow));
    EXPECT_TRUE(dropped(tcp_in(kAck, kIsn + 2), DropReason::no_flow));
    EXPECT_TRUE(dropped(tcp_in(kSyn | kAck, kIsn + 1), DropReason::no_flow));
    EXPECT_TRUE(flow().embryo);
    EXPECT_TRUE(passed(tcp_in(kAck, kIsn + 1)));
    EXPECT_FALSE(flow().embryo);
}

TEST_F(ReferenceFlowTest, ARstPassesAnEmbryoAndAnswersNothing) {
    use_allow(kIn);
    EXPECT_TRUE(passed(tcp_in(kSyn)));
    EXPECT_TRUE(passed(tcp_in(kRst)));
    EXPECT_TRUE(passed(tcp_out(kRst | kAck)));
    EXPECT_FALSE(flow().answered);
    EXPECT_TRUE(flow().embryo);
}

TEST_F(ReferenceFlowTest, InboundUdpIsAnEmbryoUntilTheRemoteSendsAgainAfterTheAnswer) {
    use_allow(kIn);
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(flow().embryo);
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    EXPECT_TRUE(flow().answered && flow().embryo);
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(flow().established && !flow().embryo);
}

TEST_F(ReferenceFlowTest, TimesOutByProtocolAndState) {
    policy::ReferenceFlow flow;
    EXPECT_EQ(flow.timeout(IPPROTO_TCP), 60s);
    EXPECT_EQ(flow.timeout(IPPROTO_UDP), 30s);
    EXPECT_EQ(flow.timeout(IPPROTO_ICMP), 30s);
    EXPECT_EQ(flow.timeout(IPPROTO_ICMPV6), 30s);
    EXPECT_EQ(flow.timeout(IPPROTO_GRE), 600s);
    flow.answered = flow.established = true;
    EXPECT_EQ(flow.timeout(IPPROTO_TCP), 120h);
    EXPECT_EQ(flow.timeout(IPPROTO_UDP), 180s);
    flow.fin[TG_INGRESS] = true;
    EXPECT_EQ(flow.timeout(IPPROTO_TCP), 120h);
    flow.fin[TG_EGRESS] = true;
    EXPECT_EQ(flow.timeout(IPPROTO_TCP), 120s);
}

TEST_F(ReferenceFlowTest, AFlowIsDeadOnlyAfterItsTimeout) {
    use_allow(kOut);
    EXPECT_TRUE(passed(out(talk.udp(kOut))));
    now += 30s;
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    now += 180s + 1ns;
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));
}

TEST_F(ReferenceFlowTest, ASynOfTheInitiatorBelongsToItsFlow) {
    use_allow(kOut);
    connect_out();
    const Judgement again = tcp_out(kSyn);
    EXPECT_TRUE(passed(again));
    EXPECT_TRUE(again.flow_hit && !again.flow_created);
}

TEST_F(ReferenceFlowTest, ASynOfTheResponderIsJudgedAloneAndLeavesTheFlow) {
    use_allow(kOut);
    connect_out();
    EXPECT_TRUE(dropped(tcp_in(kSyn), DropReason::policy_default));
    EXPECT_TRUE(passed(tcp_in(kAck)));
    use(policy_of({allow("out", kOut), allow("in", kIn)}));
    connect_out();
    EXPECT_FALSE(tcp_in(kSyn).flow_hit);
    EXPECT_EQ(flow().initiator, kOut);
    Bytes broken = talk.tcp(kIn, {kSyn});
    put16(broken, 24, 0xdead);
    EXPECT_TRUE(dropped(in(broken), DropReason::ipv4_checksum));
}

TEST_F(ReferenceFlowTest, ASynOnAClosingFlowIsANewFlow) {
    use(policy_of({allow("out", kOut), allow("in", kIn)}));
    connect_out();
    EXPECT_TRUE(passed(tcp_in(kRst)));
    EXPECT_TRUE(tcp_in(kSyn).flow_created);
    EXPECT_EQ(flow().initiator, kIn);
    EXPECT_TRUE(flow().embryo);
}

TEST_F(ReferenceFlowTest, ARstThatIsGuessedChangesNothing) {
    use_allow(kOut);
    connect_out();
    for (const std::uint32_t guess : {kSequence - 1, kSequence + TG_TCP_RESET_WINDOW, 0U}) {
        EXPECT_TRUE(passed(in(talk.tcp(kIn, {kRst, guess}))));
        EXPECT_FALSE(flow().reset) << guess;
    }
    EXPECT_TRUE(passed(in(talk.tcp(kIn, {kRst, kSequence + TG_TCP_RESET_WINDOW - 1}))));
    EXPECT_TRUE(flow().reset);
}

TEST_F(ReferenceFlowTest, ASegmentAfterARstClearsIt) {
    use_allow(kOut);
    connect_out();
    EXPECT_TRUE(passed(tcp_in(kRst)));
    EXPECT_TRUE(flow().reset);
    EXPECT_TRUE(passed(tcp_in(kAck)));
    EXPECT_FALSE(flow().closing());
}

TEST_F(ReferenceFlowTest, TheIpv4ChecksumIsVerifiedOncePerFlow) {
    use_allow(kIn);
    Bytes frame = talk.udp(kIn);
    put16(frame, 24, 0xdead);
    EXPECT_TRUE(dropped(in(frame), DropReason::ipv4_checksum));
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    EXPECT_TRUE(passed(in(frame)));
}

TEST_F(ReferenceFlowTest, EchoRepliesNeedARequest) {
    use(policy_of({allow("all-out", kOut), allow("all-in", kIn)}));
    EXPECT_TRUE(dropped(in(talk.icmp(kIn, echo(0, 9))), DropReason::no_flow));
    EXPECT_TRUE(passed(out(talk.icmp(kOut, echo(8, 9)))));
    EXPECT_TRUE(passed(in(talk.icmp(kIn, echo(0, 9)))));
    EXPECT_TRUE(dropped(in(talk.icmp(kIn, echo(0, 10))), DropReason::no_flow));
    talk = talk6();
    EXPECT_TRUE(dropped(in(talk.icmp(kIn, echo(129, 9))), DropReason::no_flow));
    EXPECT_TRUE(passed(out(talk.icmp(kOut, echo(128, 9)))));
    EXPECT_TRUE(passed(in(talk.icmp(kIn, echo(129, 9)))));
}

TEST_F(ReferenceFlowTest, OtherIcmpMakesNoFlow) {
    use(policy_of({allow("timestamp", kIn, {service(IPPROTO_ICMP, 13)})}));
    EXPECT_TRUE(passed(in(talk.icmp(kIn, icmp(13)))));
    EXPECT_TRUE(model.flows().empty());
    for (const unsigned reply : {14U, 16U, 18U}) {
        EXPECT_TRUE(dropped(in(talk.icmp(kIn, icmp(reply))), DropReason::no_flow));
    }
    EXPECT_TRUE(dropped(in(talk.icmp(kIn, icmp(5))), DropReason::policy_default));
    Bytes broken = talk.icmp(kIn, icmp(13));
    put16(broken, 24, 0xdead);
    EXPECT_TRUE(dropped(in(broken), DropReason::ipv4_checksum));
}

TEST_F(ReferenceFlowTest, OtherProtocolsHaveFlowsByAddress) {
    use_allow(kOut);
    EXPECT_TRUE(dropped(in(talk.frame(kIn, IPPROTO_GRE, Bytes(8))), DropReason::policy_default));
    EXPECT_TRUE(passed(out(talk.frame(kOut, IPPROTO_GRE, Bytes(8)))));
    EXPECT_TRUE(passed(in(talk.frame(kIn, IPPROTO_GRE, Bytes(8)))));
}

// Mid-stream.

TEST_F(ReferenceFlowTest, OutboundSegmentsArePickedUpIfEitherSideMayOpen) {
    use_allow(kOut);
    EXPECT_TRUE(tcp_out(kAck).flow_created);
    EXPECT_EQ(flow().initiator, kOut);
    EXPECT_TRUE(flow().picked_up && !flow().embryo);
    EXPECT_TRUE(passed(tcp_in(kAck)));
    EXPECT_TRUE(flow().answered);
    EXPECT_TRUE(passed(tcp_out(kAck)));
    EXPECT_TRUE(flow().established);

    use(policy_of({allow("ssh", kIn, {service(IPPROTO_TCP, 22)})}));
    talk.local_port = 22;
    EXPECT_TRUE(tcp_out(kAck).flow_created);
    EXPECT_EQ(flow().initiator, kIn);
    talk.local_port = 23;
    EXPECT_TRUE(dropped(tcp_out(kAck), DropReason::no_flow));
    use(policy_of({rule("no", Rank::deny, kOut)}));
    EXPECT_TRUE(dropped(tcp_out(kAck), DropReason::no_flow));
}

TEST_F(ReferenceFlowTest, TheSideWithTheLowerPortResponds) {
    const auto initiator = [&](std::uint16_t local_port, std::uint16_t remote_port) {
        use(policy_of({allow("out", kOut), allow("in", kIn)}));
        talk.local_port = local_port;
        talk.remote_port = remote_port;
        EXPECT_TRUE(passed(tcp_out(kAck)));
        return flow().initiator;
    };
    EXPECT_EQ(initiator(40000, 443), kOut);
    EXPECT_EQ(initiator(22, 50000), kIn);
    EXPECT_EQ(initiator(5000, 5000), kIn);
}

TEST_F(ReferenceFlowTest, ASynAckOutIsPickedUpOnlyIfTheRemoteMayOpen) {
    use_allow(kOut);
    EXPECT_TRUE(dropped(tcp_out(kSyn | kAck), DropReason::no_flow));
    use_allow(kIn);
    EXPECT_TRUE(passed(tcp_out(kSyn | kAck)));
    EXPECT_EQ(flow().initiator, kIn);
}

TEST_F(ReferenceFlowTest, ARstOutPassesUnderTheSameTestWithoutAFlow) {
    use_allow(kOut);
    EXPECT_TRUE(passed(tcp_out(kRst)));
    EXPECT_TRUE(model.flows().empty());
    use({});
    EXPECT_TRUE(dropped(tcp_out(kRst | kAck), DropReason::no_flow));
}

TEST_F(ReferenceFlowTest, InboundSegmentsArePickedUpInTheGraceTimeOnly) {
    switch_to(policy_of({allow("out", kOut)}), Stage::enforce, now + 10s);
    EXPECT_TRUE(dropped(tcp_in(kSyn | kAck), DropReason::no_flow));
    EXPECT_TRUE(passed(tcp_in(kAck)));
    EXPECT_EQ(flow().initiator, kOut);
    now += 10s;
    talk.local_port = 40001;
    EXPECT_TRUE(dropped(tcp_in(kAck), DropReason::no_flow));
}

TEST_F(ReferenceFlowTest, InAuditEverySegmentButARstIsPickedUp) {
    use({}, Stage::audit);
    EXPECT_TRUE(would_drop(tcp_in(kRst), DropReason::no_flow));
    EXPECT_TRUE(model.flows().empty());
    EXPECT_TRUE(would_drop(tcp_in(kSyn | kAck), DropReason::no_flow));
    EXPECT_EQ(flow().initiator, kOut);
    EXPECT_TRUE(would_drop(tcp_in(kAck), DropReason::no_flow));
}

TEST_F(ReferenceFlowTest, ABlockedRemoteIsNotPickedUpInAuditEither) {
    use({}, Stage::audit);
    model.blocklist_add(*Prefix::parse("192.0.2.0/24"));
    EXPECT_TRUE(dropped(tcp_in(kAck), DropReason::blocklist));
    EXPECT_TRUE(dropped(tcp_out(kAck), DropReason::blocklist));
}

// Switching policies.

TEST_F(ReferenceFlowTest, AFlowThatTheNewPolicyAllowsLivesOn) {
    use_allow(kOut);
    connect_out();
    switch_to(policy_of({allow("web", kOut, {service(IPPROTO_TCP, 443)})}));
    const Judgement answer = tcp_in(kAck);
    EXPECT_TRUE(passed(answer));
    EXPECT_EQ(answer.rule->name, "web");
    EXPECT_EQ(flow().packets[TG_EGRESS], 2U);
}

TEST_F(ReferenceFlowTest, AFlowThatTheNewPolicyRefusesDropsUntilAnotherAllowsIt) {
    use_allow(kOut);
    connect_out();
    switch_to({});
    EXPECT_TRUE(dropped(tcp_in(kAck), DropReason::policy_default));
    EXPECT_TRUE(dropped(tcp_out(kAck), DropReason::policy_default));
    switch_to(policy_of({allow("all", kOut)}));
    EXPECT_TRUE(passed(tcp_in(kAck)));
}

TEST_F(ReferenceFlowTest, AnEmbryoThatTheNewPolicyRefusesDropsUntilAnotherAllowsIt) {
    use_allow(kIn);
    EXPECT_TRUE(passed(in(talk.udp(kIn))));
    switch_to({});
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));
    switch_to(policy_of({allow("all", kIn)}));
    EXPECT_TRUE(in(talk.udp(kIn)).flow_hit);
}

TEST_F(ReferenceFlowTest, ABlocklistedRemoteIsCutOffByABump) {
    use_allow(kOut);
    connect_out();
    model.blocklist_add(*Prefix::parse("192.0.2.1"));
    EXPECT_TRUE(passed(tcp_in(kAck)));
    model.bump(2);
    EXPECT_TRUE(dropped(tcp_in(kAck), DropReason::blocklist));
}

TEST_F(ReferenceFlowTest, AFlowThatLivesByItsStageCountsEveryPacket) {
    use({}, Stage::learn);
    EXPECT_TRUE(would_drop(out(talk.udp(kOut)), DropReason::policy_default));
    EXPECT_TRUE(would_drop(in(talk.udp(kIn)), DropReason::policy_default));
    EXPECT_EQ(flow().rule, nullptr);
    switch_to({}, Stage::enforce);
    EXPECT_TRUE(dropped(in(talk.udp(kIn)), DropReason::policy_default));
}

TEST_F(ReferenceFlowTest, AnEchoFlowIsJudgedAgainByItsRequest) {
    use_allow(kOut);
    EXPECT_TRUE(passed(out(talk.icmp(kOut, echo(8, 9)))));
    switch_to(policy_of({allow("ping", kOut, {service(IPPROTO_ICMP, 8)})}));
    EXPECT_TRUE(passed(in(talk.icmp(kIn, echo(0, 9)))));
}

}  // namespace
}  // namespace tollgate::test
