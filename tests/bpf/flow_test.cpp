// SPDX-License-Identifier: MIT
// The life of a flow: docs/packet-path.md, section 6.
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint32_t kServerSequence = 5000;

class Flow : public GateTest {
  protected:
    // A remote client of our SSH port.
    Talk client{.remote_port = 40000, .local_port = 22};
    // A remote server that we use.
    Talk server{.remote_port = 443, .local_port = 40000};

    Outcome in(const Talk& talk, int flags, std::uint32_t acknowledgement = 0) {
        return judge(talk.tcp(kIn,
                              {.flags = static_cast<std::uint8_t>(flags),
                               .acknowledgement = acknowledgement}),
                     kIn);
    }
    Outcome out(const Talk& talk, int flags, std::uint32_t sequence = 1000) {
        return judge(
            talk.tcp(kOut, {.flags = static_cast<std::uint8_t>(flags), .sequence = sequence}),
            kOut);
    }
    Outcome reset(const Talk& talk, std::uint32_t sequence) {
        return judge(talk.tcp(kIn, {.flags = kRst, .sequence = sequence}), kIn);
    }
    // The protected side has received all up to this sequence number.
    void acknowledge(const Talk& talk, std::uint32_t number) {
        ASSERT_EQ(judge(talk.tcp(kOut, {.flags = kAck, .acknowledgement = number}), kOut), kPassed);
    }
    static Bytes frame(const Talk& talk) { return talk.tcp(kIn, {}); }

    void establish() {
        allow_any(kIn, service(IPPROTO_TCP, 22));
        ASSERT_EQ(in(client, kSyn), kPassed);
        ASSERT_EQ(out(client, kSyn | kAck, kServerSequence), kPassed);
        ASSERT_EQ(in(client, kAck, kServerSequence + 1), kPassed);
    }
    void connect() {
        allow_any(kOut, service(IPPROTO_TCP, 443));
        ASSERT_EQ(out(server, kSyn), kPassed);
        ASSERT_EQ(in(server, kSyn | kAck), kPassed);
        ASSERT_EQ(out(server, kAck), kPassed);
    }
};

TEST_F(Flow, ASynMakesAnEmbryoAndTheHandshakePromotesIt) {
    establish();
    const auto flow = flow_of(frame(client), kIn);
    ASSERT_TRUE(flow);
    EXPECT_FALSE(embryo_of(frame(client), kIn));
    EXPECT_EQ(flow->flags, TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED);
    EXPECT_EQ(flow->packets[TG_INGRESS], 2U);
    EXPECT_EQ(flow->packets[TG_EGRESS], 1U);
    EXPECT_EQ(flow->bytes[TG_INGRESS], 2 * frame(client).size());
    EXPECT_EQ(flow->rule, 1U);
    EXPECT_EQ(programs.gate_counters().flows_promoted, 1U);
    EXPECT_EQ(programs.gate_counters().embryos_created, 1U);
    EXPECT_EQ(programs.rule_counters(1).packets, 3U);
}

TEST_F(Flow, ABlindAcknowledgementPromotesNothing) {
    allow_any(kIn, service(IPPROTO_TCP, 22));
    ASSERT_EQ(in(client, kSyn), kPassed);
    EXPECT_EQ(in(client, kAck, 1), dropped(DropReason::no_flow));  // not answered yet
    ASSERT_EQ(out(client, kSyn | kAck, kServerSequence), kPassed);
    EXPECT_EQ(in(client, kAck, kServerSequence), dropped(DropReason::no_flow));
    EXPECT_EQ(in(client, kAck, kServerSequence + 2), dropped(DropReason::no_flow));
    EXPECT_EQ(in(client, kSyn), kPassed);  // again
    EXPECT_FALSE(flow_of(frame(client), kIn));
    EXPECT_EQ(in(client, kAck, kServerSequence + 1), kPassed);
    EXPECT_TRUE(flow_of(frame(client), kIn));
}

// Case P41
TEST_F(Flow, AFloodOfSynEvictsNoEstablishedFlow) {
    establish();
    for (unsigned i = 0; i < 3 * TG_EMBRYOS_MAX; ++i) {
        Talk stranger = client;
        stranger.remote.bytes[13] = static_cast<std::uint8_t>(i >> 16U);
        stranger.remote.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
        stranger.remote.bytes[15] = static_cast<std::uint8_t>(i);
        const Bytes syn = stranger.tcp(kIn, {});
        ASSERT_EQ(programs.run(programs.object().progs.xdp_gate, syn), XDP_PASS);
    }
    EXPECT_TRUE(flow_of(frame(client), kIn));
    EXPECT_EQ(in(client, kAck, 77), kPassed);
}

TEST_F(Flow, WhatWeOpenNeedsNoIngressRule) {
    connect();
    const auto flow = flow_of(frame(server), kIn);
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->flags, TG_FLOW_LOCAL_INITIATED | TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED);
    EXPECT_EQ(in(server, kAck | kPsh), kPassed);
    EXPECT_EQ(in(Talk{.remote_port = 443, .local_port = 40001}, kAck),
              dropped(DropReason::no_flow));
}

// Case P29
TEST_F(Flow, ASegmentWithoutFlowIsNoFlow) {
    allow_any(kIn, service(IPPROTO_TCP, 22));
    for (const int flags : {int{kAck}, kSyn | kAck, kFin | kAck, int{kRst}}) {
        EXPECT_EQ(in(client, flags), dropped(DropReason::no_flow)) << flags;
    }
    EXPECT_EQ(in(client, kSyn), kPassed);
}

// Case P31
TEST_F(Flow, AResetNeverDeletesAndAnyOtherSegmentClearsIt) {
    establish();
    ASSERT_EQ(in(client, kRst), kPassed);
    EXPECT_EQ(flow_of(frame(client), kIn)->flags & TG_FLOW_RESET, TG_FLOW_RESET);
    ASSERT_EQ(out(client, kAck), kPassed);
    EXPECT_EQ(flow_of(frame(client), kIn)->flags & TG_FLOW_RESET, 0);
}

// Case P31
TEST_F(Flow, AResetThatIsGuessedChangesNothing) {
    establish();
    acknowledge(client, 70'000);
    for (const std::uint32_t guess : {0U, 69'999U, 70'000U + TG_TCP_RESET_WINDOW, ~0U}) {
        ASSERT_EQ(reset(client, guess), kPassed);
        EXPECT_EQ(flow_of(frame(client), kIn)->flags, TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED);
    }
    ASSERT_EQ(in(client, kSyn), kPassed);
    EXPECT_FALSE(embryo_of(frame(client), kIn));
    age(frame(client), kIn, TG_TCP_CLOSING_NS + TG_SECOND);
    EXPECT_EQ(in(client, kAck), kPassed);
}

// Case P31
TEST_F(Flow, AResetIsBelievedOfWhoKnowsWhatIsAwaited) {
    establish();
    acknowledge(client, 70'000);
    ASSERT_EQ(reset(client, 70'000 + TG_TCP_RESET_WINDOW - 1), kPassed);
    EXPECT_TRUE(flow_of(frame(client), kIn)->flags & TG_FLOW_RESET);
    connect();
    ASSERT_EQ(reset(server, 999), kPassed);
    EXPECT_FALSE(flow_of(frame(server), kIn)->flags & TG_FLOW_RESET);
    acknowledge(server, 1000);
    ASSERT_EQ(reset(server, 1000), kPassed);
    EXPECT_TRUE(flow_of(frame(server), kIn)->flags & TG_FLOW_RESET);
    acknowledge(server, 1000);
    ASSERT_EQ(out(server, kRst), kPassed);
    EXPECT_TRUE(flow_of(frame(server), kIn)->flags & TG_FLOW_RESET) << "our own needs no number";
}

// Case P31
TEST_F(Flow, AForgedSynAckDoesNotSayWhatIsAwaited) {
    connect();
    acknowledge(server, 1000);
    ASSERT_EQ(judge(server.tcp(kIn, {.flags = kSyn | kAck, .sequence = 500'000}), kIn), kPassed);
    ASSERT_EQ(reset(server, 500'000), kPassed);
    EXPECT_FALSE(flow_of(frame(server), kIn)->flags & TG_FLOW_RESET);
}

// Case P31
TEST_F(Flow, ASynReusesAFlowThatIsClosing) {
    establish();
    ASSERT_EQ(in(client, kFin | kAck, 1), kPassed);
    ASSERT_EQ(in(client, kSyn), kPassed);
    EXPECT_TRUE(flow_of(frame(client), kIn)) << "half closed is not closing";
    ASSERT_EQ(out(client, kFin | kAck), kPassed);
    ASSERT_EQ(in(client, kSyn), kPassed);
    EXPECT_FALSE(flow_of(frame(client), kIn));
    EXPECT_EQ(embryo_of(frame(client), kIn)->packets[TG_INGRESS], 1U);
}

// Case P30
TEST_F(Flow, ASynOfTheResponderIsJudgedByItselfAndTouchesNothing) {
    connect();
    const auto before = flow_of(frame(server), kIn);
    EXPECT_EQ(in(server, kSyn), dropped(DropReason::policy_default));
    allow_any(kIn, service(IPPROTO_TCP, 40000));
    EXPECT_EQ(in(server, kSyn), kPassed);
    EXPECT_EQ(flow_of(frame(server), kIn)->packets[TG_INGRESS], before->packets[TG_INGRESS]);
    EXPECT_FALSE(embryo_of(frame(server), kIn));
}

struct Timeout {
    const char* name;
    std::uint8_t protocol;
    bool answered;
    std::uint64_t nanoseconds;
};

TEST_F(Flow, DiesWhenItHasBeenSilentForLongerThanItsTimeout) {
    const std::vector<Timeout> timeouts{{"udp", IPPROTO_UDP, false, TG_UDP_EMBRYO_NS},
                                        {"udp stream", IPPROTO_UDP, true, TG_UDP_STREAM_NS},
                                        {"gre", IPPROTO_GRE, true, TG_OTHER_NS}};
    allow_any(kOut, service(IPPROTO_UDP, 443));
    open_port(kOut, service(IPPROTO_GRE), 3, 1);
    for (const Timeout& timeout : timeouts) {
        const Bytes there = server.frame(kOut, timeout.protocol, udp(server.ports(kOut)));
        const Bytes back = server.frame(kIn, timeout.protocol, udp(server.ports(kIn)));
        ASSERT_EQ(judge(there, kOut), kPassed) << timeout.name;
        if (timeout.answered) {
            ASSERT_EQ(judge(back, kIn), kPassed) << timeout.name;
        }
        age(back, kIn, timeout.nanoseconds - TG_SECOND);
        EXPECT_EQ(judge(back, kIn), kPassed) << timeout.name;
        // It was answered meanwhile. No more than that: a machine that is up for less would be
        // before its own beginning.
        age(back, kIn, std::max<std::uint64_t>(timeout.nanoseconds, TG_UDP_STREAM_NS) + TG_SECOND);
        EXPECT_EQ(judge(back, kIn), dropped(DropReason::policy_default)) << timeout.name;
        age(back, kIn, 0);
        programs.put(programs.object().maps.flows, key_of(back, kIn), tg_flow{});
    }
}

// Case P31
TEST_F(Flow, EstablishedTcpLivesForDaysAndClosingForTwoMinutes) {
    establish();
    age(frame(client), kIn, TG_TCP_ESTABLISHED_NS - TG_SECOND);
    EXPECT_EQ(in(client, kAck), kPassed);
    age(frame(client), kIn, TG_TCP_ESTABLISHED_NS + TG_SECOND);
    EXPECT_EQ(in(client, kAck), dropped(DropReason::no_flow));
    age(frame(client), kIn, 0);
    ASSERT_EQ(in(client, kRst), kPassed);
    age(frame(client), kIn, TG_TCP_CLOSING_NS - TG_SECOND);
    ASSERT_EQ(in(client, kRst), kPassed);
    age(frame(client), kIn, TG_TCP_CLOSING_NS + TG_SECOND);
    EXPECT_EQ(in(client, kAck), dropped(DropReason::no_flow));
}

TEST_F(Flow, UdpFromOutsideIsPromotedWhenTheSenderAnswersTheAnswer) {
    const Talk talk{.remote_port = 5000, .local_port = 5683};
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    ASSERT_EQ(judge(talk.udp(kIn), kIn), kPassed);
    ASSERT_EQ(judge(talk.udp(kIn), kIn), kPassed);
    EXPECT_TRUE(embryo_of(talk.udp(kIn), kIn));
    ASSERT_EQ(judge(talk.udp(kOut), kOut), kPassed);
    EXPECT_FALSE(flow_of(talk.udp(kIn), kIn));
    ASSERT_EQ(judge(talk.udp(kIn), kIn), kPassed);
    EXPECT_TRUE(flow_of(talk.udp(kIn), kIn));
    EXPECT_FALSE(embryo_of(talk.udp(kIn), kIn));
}

// Case P21
TEST_F(Flow, OnlyEchoMakesAnIcmpFlow) {
    allow_any(kOut, service(IPPROTO_ICMP, 8));
    EXPECT_EQ(judge(server.icmp(kIn, echo(0, 7)), kIn), dropped(DropReason::no_flow));
    EXPECT_EQ(judge(server.icmp(kOut, echo(8, 7)), kOut), kPassed);
    EXPECT_EQ(judge(server.icmp(kIn, echo(0, 7)), kIn), kPassed);
    EXPECT_EQ(judge(server.icmp(kIn, echo(0, 8)), kIn), dropped(DropReason::no_flow));
    EXPECT_EQ(judge(server.icmp(kIn, icmp(14)), kIn), dropped(DropReason::no_flow));
    open_port(kIn, service(IPPROTO_ICMP, 13), 5, 1);
    EXPECT_EQ(judge(server.icmp(kIn, icmp(13)), kIn), kPassed);
    EXPECT_FALSE(flow_of(server.icmp(kIn, icmp(13)), kIn));
}

TEST_F(Flow, AnEchoWithIdentifierZeroOpensNoDoorForOtherTypes) {
    allow_any(kOut, service(IPPROTO_ICMP, 8));
    ASSERT_EQ(judge(server.icmp(kOut, echo(8, 0)), kOut), kPassed);
    EXPECT_EQ(judge(server.icmp(kIn, icmp(5)), kIn), dropped(DropReason::policy_default));
}

// Case P32
TEST_F(Flow, VerifiesTheIpv4ChecksumOncePerFlow) {
    allow_any(kIn, service(IPPROTO_UDP, 40000));
    Bytes wrong = server.udp(kIn);
    put8(wrong, ETH_HLEN + 8, 63);  // the TTL
    EXPECT_EQ(judge(wrong, kIn), dropped(DropReason::ipv4_checksum));
    EXPECT_EQ(judge(server.udp(kIn), kIn), kPassed);
    Bytes later = server.udp(kIn);
    put8(later, ETH_HLEN + 8, 63);
    EXPECT_EQ(judge(later, kIn), kPassed);
}

TEST_F(Flow, PicksUpWhatWeSayInTheMiddle) {
    allow_any(kOut, service(IPPROTO_TCP, 443));
    EXPECT_EQ(out(server, kRst), kPassed);
    EXPECT_FALSE(flow_of(frame(server), kIn));
    EXPECT_EQ(out(server, kAck), kPassed);
    EXPECT_EQ(flow_of(frame(server), kIn)->flags, TG_FLOW_ASSURED | TG_FLOW_LOCAL_INITIATED);
    EXPECT_EQ(out(client, kAck), dropped(DropReason::no_flow));
    open_port(kIn, service(IPPROTO_TCP, 22), 3, 1);
    EXPECT_EQ(out(client, kAck), kPassed);
    EXPECT_EQ(flow_of(frame(client), kIn)->flags, TG_FLOW_ASSURED | TG_FLOW_ANSWERED);
}

// After a flood has evicted the embryo, our host says again what it awaits.
TEST_F(Flow, OurSynAckWithoutAnEmbryoMakesOneThatMustBeAnswered) {
    allow_any(kIn, service(IPPROTO_TCP, 22));
    ASSERT_EQ(out(client, kSyn | kAck, kServerSequence), kPassed);
    EXPECT_FALSE(flow_of(frame(client), kIn));
    EXPECT_EQ(in(client, kAck, kServerSequence), dropped(DropReason::no_flow));
    EXPECT_EQ(in(client, kAck, kServerSequence + 1), kPassed);
    EXPECT_EQ(flow_of(frame(client), kIn)->flags, TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED);
}

TEST_F(Flow, PicksUpIncomingSegmentsWithinTheGraceTimeOnly) {
    allow_any(kIn, service(IPPROTO_TCP, 22));
    allow_any(kOut, service(IPPROTO_TCP, client.remote_port));
    for (const bool ever : {false, true}) {
        programs.generation.grace_until_ns = ever ? boot_time_ns() - TG_SECOND : 0;
        programs.write_generation(0, programs.generation);
        EXPECT_EQ(in(client, kAck), dropped(DropReason::no_flow)) << ever;
    }
    programs.generation.grace_until_ns = boot_time_ns() + 60 * TG_SECOND;
    programs.write_generation(0, programs.generation);
    EXPECT_EQ(in(client, kSyn | kAck), dropped(DropReason::no_flow));
    EXPECT_EQ(in(server, kAck), dropped(DropReason::no_flow));
    EXPECT_EQ(in(client, kAck), kPassed);
    EXPECT_TRUE(flow_of(frame(client), kIn));
}

}  // namespace
}  // namespace tollgate::test
