// SPDX-License-Identifier: MIT
// What the parser refuses, seen through the loaded programs, and that it refuses for that reason.
#include "tests/bpf/gate_fixture.hpp"
#include "tests/support/malformed_frames.hpp"

namespace tollgate::test {
namespace {

class Parser : public GateTest {
  protected:
    // With everything allowed, so that only the parser can refuse.
    void SetUp() override {
        GateTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        programs.generation.default_action[TG_INGRESS] = TG_ACTION_PASS;
        programs.write_generation(0, programs.generation);
    }
};

// Cases P03, P06, P07, P08, P10, P11, P13, P14, P27, P29, P32
TEST_F(Parser, RefusesWhatIsMalformedUnderItsName) {
    for (const Refusal& refusal : refusals()) {
        EXPECT_EQ(judge(refusal.frame(), kIn), dropped(refusal.reason)) << refusal.name;
        EXPECT_EQ(judge_at_tc_ingress(refusal.frame()), dropped(refusal.reason)) << refusal.name;
    }
}

TEST_F(Parser, OnlyCountsWhatIsMalformedWhileLearning) {
    set_stage(TG_STAGE_LEARN);
    for (const Refusal& refusal : refusals()) {
        EXPECT_EQ(judge(refusal.frame(), kIn), would_drop(refusal.reason)) << refusal.name;
    }
}

// Case P01
TEST_F(Parser, RefusesEveryTruncation) {
    const std::vector<Bytes> whole{udp_frame(),
                                   udp6_frame(),
                                   segment(kSyn),
                                   tagged(2),
                                   chain(3),
                                   with_options(bytes({1, 1, 1, 0}))};
    for (const Bytes& frame : whole) {
        ASSERT_EQ(judge(frame, kIn), kPassed);
        for (std::size_t size = ETH_HLEN; size < frame.size(); ++size) {
            const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_FALSE(judge(cut, kIn).passed) << size << " of " << frame.size();
        }
    }
}

TEST_F(Parser, AcceptsTagsOptionsAndExtensions) {
    EXPECT_EQ(judge(tagged(1), kIn), kPassed);
    EXPECT_EQ(judge(tagged(2), kIn), kPassed);
    EXPECT_EQ(judge(with_options(bytes({148, 4, 0, 0})), kIn), kPassed);  // router alert
    EXPECT_EQ(judge(chain(8), kIn), kPassed);
    EXPECT_EQ(judge(ip6(0, extension(17, {}, udp({5, 6}))), kIn), kPassed);
    EXPECT_EQ(judge(ip6(44, fragment6(17, 0, 9, udp({7, 8}))), kIn), kPassed);  // atomic
    const Bytes ah =
        bytes({17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    Bytes authenticated = ah;  // (4 + 2) · 4 = 24 bytes
    append(authenticated, udp({9, 10}));
    EXPECT_EQ(judge(ip6(51, authenticated), kIn), kPassed);
}

// Case P09
TEST_F(Parser, IgnoresBytesBehindThePacket) {
    Bytes padded = udp_frame();
    padded.resize(60);
    EXPECT_EQ(judge(padded, kIn), kPassed);
}

// Case P02
TEST_F(Parser, TagsDoNotHideThePort) {
    programs.generation.default_action[TG_INGRESS] = TG_ACTION_DROP;
    programs.write_generation(0, programs.generation);
    allow_any(kIn, service(IPPROTO_UDP, 40000));
    EXPECT_EQ(judge(tagged(2), kIn), kPassed);
    bump();
    set_rule(1, TG_ACTION_DROP);
    EXPECT_EQ(judge(tagged(1), kIn), dropped(DropReason::policy_deny));
}

}  // namespace
}  // namespace tollgate::test
