// SPDX-License-Identifier: MIT
// Stages, generations and what rules decide: docs/packet-path.md, sections 2 and 7.
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

constexpr int kClass = 1;
constexpr std::uint32_t kRemoteClass = 7;

class Verdict : public GateTest {
  protected:
    Talk talk{.remote_port = 5000, .local_port = 5683};

    Outcome in() { return judge(talk.udp(kIn), kIn); }
    // A packet of another flow.
    Outcome in_anew() {
        talk.remote_port += 1;
        return in();
    }
    void by(std::uint32_t dimensions, std::uint32_t any_rule = 0) {
        open_port(kIn, service(IPPROTO_UDP, 5683), kClass, any_rule, dimensions);
    }
    void block(const Prefix& prefix) {
        tg_prefix_key key{prefix.length, {}};
        std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), key.address);
        programs.put(programs.object().maps.blocklist, key, std::uint32_t{1});
    }
    void resolve(std::uint64_t pattern, std::uint64_t expires_ns) {
        tg_resolved known{};
        known.names[TG_NAMES_PER_ADDRESS - 1] = {pattern, expires_ns};
        programs.put(programs.object().maps.resolved, talk.remote.bytes, known);
    }
};

TEST_F(Verdict, WithoutARuleTheDefaultActionDecides) {
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    EXPECT_EQ(judge_at_tc_ingress(talk.udp(kIn)), dropped(DropReason::policy_default));
    EXPECT_EQ(judge(talk.udp(kOut), kOut), dropped(DropReason::policy_default));
    programs.generation.default_action[TG_EGRESS] = TG_ACTION_PASS;
    programs.write_generation(0, programs.generation);
    EXPECT_EQ(judge(talk.udp(kOut), kOut), kPassed);
}

// Cases P41, F07
TEST_F(Verdict, ADropLeavesNoState) {
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    EXPECT_FALSE(flow_of(talk.udp(kIn), kIn));
    EXPECT_FALSE(embryo_of(talk.udp(kIn), kIn));
}

TEST_F(Verdict, OpenPassesAndJudgesNothing) {
    set_stage(TG_STAGE_OPEN);
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(judge(Bytes(20), kIn), kPassed);
    set_stage(TG_STAGE_ENFORCE);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    programs.activate(0, true);
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(judge(talk.udp(kOut), kOut), kPassed);
    EXPECT_FALSE(embryo_of(talk.udp(kIn), kIn));
}

TEST_F(Verdict, AuditAndLearnCountWhatEnforceWouldDrop) {
    for (const tg_stage stage : {TG_STAGE_AUDIT, TG_STAGE_LEARN}) {
        set_stage(stage);
        bump();
        talk.remote_port += 1;
        EXPECT_EQ(in(), would_drop(DropReason::policy_default));
        EXPECT_EQ(in(), would_drop(DropReason::policy_default)) << "every packet of the flow";
        const auto flow = embryo_of(talk.udp(kIn), kIn);
        ASSERT_TRUE(flow);
        EXPECT_EQ(flow->rule, 0U);
        EXPECT_EQ(flow->flags, TG_FLOW_WOULD_DROP);
    }
}

TEST_F(Verdict, DenyAndBlocklistDropInEveryStageButOpen) {
    set_rule(1, TG_ACTION_DROP);
    by(0, 1);
    for (const tg_stage stage : {TG_STAGE_ENFORCE, TG_STAGE_AUDIT, TG_STAGE_LEARN}) {
        set_stage(stage);
        EXPECT_EQ(in(), dropped(DropReason::policy_deny)) << stage;
    }
    EXPECT_EQ(programs.rule_counters(1).packets, 3U);
    by(0, 0);
    block({talk.remote, 120});
    EXPECT_EQ(in(), dropped(DropReason::blocklist)) << "learning";
    set_stage(TG_STAGE_ENFORCE);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
}

TEST_F(Verdict, TheBlocklistOverridesAllowButNotFailsafe) {
    set_rule(1);
    by(0, 1);
    block({talk.remote, 128});
    EXPECT_EQ(in(), dropped(DropReason::blocklist));
    set_rule(1, TG_ACTION_PASS, {.flags = TG_RULE_FAILSAFE});
    EXPECT_EQ(in(), kPassed);
}

TEST_F(Verdict, OfSeveralCandidatesTheLowestNumberDecides) {
    set_rule(2);
    set_rule(1, TG_ACTION_DROP);
    by(TG_BY_ADDRESS | TG_BY_MAC, 2);
    EXPECT_EQ(in(), kPassed);
    programs.put_inner(
        programs.object().maps.macs, 0, tg_mac_key{{0x02, 0, 0, 0, 0, 1}, {}}, kRemoteClass);
    set_verdict(kRemoteClass, kClass, 1);
    EXPECT_EQ(in_anew(), dropped(DropReason::policy_deny));
    set_rule(3, TG_ACTION_DROP);
    set_verdict(kRemoteClass, kClass, 3);
    EXPECT_EQ(in_anew(), kPassed);
}

TEST_F(Verdict, AHostIsFoundBeforeItsPrefix) {
    set_rule(1);
    by(TG_BY_ADDRESS);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    tg_prefix_key prefix{120, {}};
    std::copy(talk.remote.bytes.begin(), talk.remote.bytes.end(), prefix.address);
    prefix.address[15] = 0;
    programs.put_inner(programs.object().maps.prefixes, 0, prefix, kRemoteClass);
    set_verdict(kRemoteClass, kClass, 1);
    EXPECT_EQ(in(), dropped(DropReason::policy_default)) << "the filter has no bit of it";
    set_filter(talk.remote);
    EXPECT_EQ(in(), kPassed);
    set_host(talk.remote, kRemoteClass + 1);  // no rule for this class
    EXPECT_EQ(in_anew(), dropped(DropReason::policy_default));
}

TEST_F(Verdict, Ipv6HasItsOwnBitsInTheFilter) {
    talk = talk6();
    talk.local_port = 5683;
    set_rule(1);
    by(TG_BY_ADDRESS);
    set_verdict(kRemoteClass, kClass, 1);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    set_host(talk.remote, kRemoteClass);
    EXPECT_EQ(in(), kPassed);
}

TEST_F(Verdict, ANameCountsUntilItExpiresAndForFlowsLonger) {
    constexpr std::uint64_t kPattern = 42;
    set_rule(1);
    by(TG_BY_NAME);
    programs.put_inner(programs.object().maps.names, 0, kPattern, kRemoteClass);
    set_verdict(kRemoteClass, kClass, 1);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    resolve(kPattern, boot_time_ns() + 60 * TG_SECOND);
    EXPECT_EQ(in(), kPassed);
    resolve(kPattern, boot_time_ns() - TG_SECOND);
    bump();
    EXPECT_EQ(in(), kPassed) << "judged again";
    EXPECT_EQ(in_anew(), dropped(DropReason::policy_default));
}

// Case P38
TEST_F(Verdict, IcmpAndOtherProtocolsHaveClassesToo) {
    allow_any(kIn, service(IPPROTO_ICMP, 8));
    EXPECT_EQ(judge(talk.icmp(kIn, echo(8, 1)), kIn), kPassed);
    EXPECT_EQ(judge(talk.icmp(kIn, icmp(13)), kIn), dropped(DropReason::policy_default));
    EXPECT_EQ(judge(talk.frame(kIn, IPPROTO_GRE, Bytes(8)), kIn),
              dropped(DropReason::policy_default));
    allow_any(kIn, service(IPPROTO_GRE));
    EXPECT_EQ(judge(talk.frame(kIn, IPPROTO_GRE, Bytes(8)), kIn), kPassed);
    allow_any(kIn, service(IPPROTO_ICMPV6, 128));
    EXPECT_EQ(judge(talk6().icmp(kIn, echo(128, 1)), kIn), kPassed);
}

TEST_F(Verdict, AnotherGenerationRevokesWhatItDoesNotAllow) {
    const Bytes out = talk.udp(kOut);
    allow_any(kOut, service(IPPROTO_UDP, 5000));
    ASSERT_EQ(judge(out, kOut), kPassed);
    ASSERT_EQ(in(), kPassed);
    bump();
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(flow_of(out, kOut)->packets[TG_INGRESS], 2U) << "counters are kept";
    open_port(kOut, service(IPPROTO_UDP, 5000), 2, 0);
    EXPECT_EQ(in(), kPassed) << "the verdict is cached";
    bump();
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    EXPECT_EQ(flow_of(out, kOut)->packets[TG_INGRESS], 3U) << "left to its timeout, not counted";
}

TEST_F(Verdict, PastItsDeadlineAGenerationIsVoid) {
    allow_any(kIn, service(IPPROTO_UDP, 5683));
    tg_generation next = programs.generation;
    next.number = 2;
    next.previous_slot = 0;
    next.deadline_ns = boot_time_ns() + 60 * TG_SECOND;
    programs.write_generation(1, next);
    EXPECT_EQ(in(), kPassed);
    programs.activate(1);
    EXPECT_EQ(in(), dropped(DropReason::policy_default));
    next.deadline_ns = boot_time_ns() - TG_SECOND;
    programs.write_generation(1, next);
    EXPECT_EQ(in_anew(), kPassed) << "the previous slot applies again";
}

TEST_F(Verdict, AFlowOfAVoidGenerationIsJudgedByTheOneThatAppliesAgain) {
    tg_generation next = programs.generation;
    next.number = 2;
    next.previous_slot = 0;
    next.default_action[TG_EGRESS] = TG_ACTION_PASS;
    next.deadline_ns = boot_time_ns() + 60 * TG_SECOND;
    programs.write_generation(1, next);
    programs.activate(1);
    EXPECT_EQ(judge(talk.udp(kOut), kOut), kPassed);
    next.deadline_ns = boot_time_ns() - TG_SECOND;
    programs.write_generation(1, next);
    EXPECT_EQ(judge(talk.udp(kOut), kOut), dropped(DropReason::policy_default));
}

TEST_F(Verdict, AnExpiredRuleIsNamedUntilThePolicyIsCompiledAgain) {
    for (const tg_action action : {TG_ACTION_PASS, TG_ACTION_DROP}) {
        set_rule(1, action, {.expires_ns = boot_time_ns() - TG_SECOND});
        by(0, 1);
        EXPECT_EQ(in_anew(), dropped(DropReason::rule_expired)) << action;
    }
}

TEST_F(Verdict, ALiveFlowEndsWithItsRule) {
    set_rule(1, TG_ACTION_PASS, {.expires_ns = boot_time_ns() + 60 * TG_SECOND});
    by(0, 1);
    EXPECT_EQ(in(), kPassed);
    set_rule(1, TG_ACTION_PASS, {.expires_ns = boot_time_ns() - TG_SECOND});
    EXPECT_EQ(in(), dropped(DropReason::rule_expired));
    EXPECT_EQ(embryo_of(talk.udp(kIn), kIn)->packets[TG_INGRESS], 1U);
}

TEST_F(Verdict, NewFlowsAreLimited) {
    set_rule(
        1, TG_ACTION_PASS, {.flow_interval_ns = 100 * TG_SECOND, .flow_burst_ns = 200 * TG_SECOND});
    by(0, 1);
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(in(), kPassed) << "the same flow";
    EXPECT_EQ(in_anew(), kPassed);
    EXPECT_EQ(in_anew(), dropped(DropReason::rate_limit));
}

TEST_F(Verdict, PacketsAreLimitedInBothDirectionsTogether) {
    set_rule(1,
             TG_ACTION_PASS,
             {.packet_interval_ns = 100 * TG_SECOND, .packet_burst_ns = 300 * TG_SECOND});
    by(0, 1);
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(judge(talk.udp(kOut), kOut), kPassed);
    EXPECT_EQ(in(), kPassed);
    EXPECT_EQ(in(), dropped(DropReason::rate_limit));
    EXPECT_EQ(judge(talk.udp(kOut), kOut), dropped(DropReason::rate_limit));
    EXPECT_EQ(flow_of(talk.udp(kIn), kIn)->packets[TG_INGRESS], 2U);
}

TEST_F(Verdict, WhileLearningMidStreamSegmentsAreFollowedAsNoFlow) {
    set_stage(TG_STAGE_LEARN);
    const Bytes segment = talk.tcp(kIn, {.flags = kAck});
    EXPECT_EQ(judge(talk.tcp(kIn, {.flags = kRst}), kIn), would_drop(DropReason::no_flow));
    EXPECT_FALSE(flow_of(segment, kIn));
    EXPECT_EQ(judge(segment, kIn), would_drop(DropReason::no_flow));
    EXPECT_EQ(flow_of(segment, kIn)->would_drop, TG_DROP_NO_FLOW);
}

}  // namespace
}  // namespace tollgate::test
