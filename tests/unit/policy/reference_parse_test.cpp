// SPDX-License-Identifier: MIT
// The parser of tollgate/abi/parse.h compiled for user space refuses and accepts what the loaded
// program does (tests/bpf/parse_test.cpp), and reads nothing behind the frame.
#include <cstring>
#include <utility>

#include <tollgate/abi/parse.h>

#include "tests/support/malformed_frames.hpp"
#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

class ReferenceParser : public ReferenceGate {
  protected:
    void SetUp() override { use_allow(kIn); }
};

TEST_F(ReferenceParser, RefusesWhatIsMalformedUnderItsName) {
    for (const Refusal& refusal : refusals()) {
        EXPECT_TRUE(dropped(in(refusal.frame()), refusal.reason)) << refusal.name;
    }
}

// Case P01
TEST_F(ReferenceParser, RefusesEveryTruncation) {
    for (const Bytes& frame :
         {udp_frame(), udp6_frame(), segment(kSyn), tagged(2), chain(3), with_options(Bytes(4))}) {
        ASSERT_TRUE(passed(in(frame)));
        for (std::size_t size = 0; size < frame.size(); ++size) {
            const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_FALSE(in(cut).passed) << size << " of " << frame.size();
        }
    }
}

TEST_F(ReferenceParser, AcceptsTagsOptionsAndExtensions) {
    EXPECT_TRUE(passed(in(tagged(2))));
    EXPECT_TRUE(passed(in(with_options(bytes({148, 4, 0, 0})))));  // router alert
    EXPECT_TRUE(passed(in(chain(8))));
    EXPECT_TRUE(passed(in(ip6(0, extension(17, {}, udp({5, 6}))))));
    EXPECT_TRUE(passed(in(ip6(44, fragment6(17, 0, 9, udp({7, 8}))))));  // atomic
}

TEST_F(ReferenceParser, ReadsTheLengthOfAnAuthenticationHeaderInWordsOfFourBytes) {
    Bytes authenticated(24);  // (4 + 2) · 4, RFC 4302, 2.2
    put8(authenticated, 0, IPPROTO_UDP);
    put8(authenticated, 1, 4);
    append(authenticated, udp({9, 10}));
    EXPECT_TRUE(passed(in(ip6(51, authenticated))));
}

TEST_F(ReferenceParser, AHostWithoutAnAddressMayAskForOne) {
    Talk asking{.remote_port = 68, .local_port = 67};
    asking.remote = ip("0.0.0.0");
    asking.local = ip("255.255.255.255");
    EXPECT_TRUE(passed(in(asking.udp(kIn))));
    asking.local_port = 53;
    EXPECT_TRUE(dropped(in(asking.udp(kIn)), DropReason::martian));
}

using Parser = decltype(&tg_parse);

std::pair<tg_drop_reason, tg_packet> read_by(Parser parse, const Bytes& frame, Direction way) {
    const tg_frame view{frame.data(),
                        frame.data() + frame.size(),
                        static_cast<std::uint32_t>(frame.size()),
                        static_cast<std::uint8_t>(way)};
    tg_packet packet{};
    const tg_drop_reason reason = parse(&view, TG_LINK_CLEAR, 0, &packet);
    return {reason, packet};
}

void expect_read_as_any(const Bytes& frame) {
    for (const Direction way : {kIn, kOut}) {
        const auto [reason, packet] = read_by(tg_parse, frame, way);
        const auto [expected, same] = read_by(tg_parse_any, frame, way);
        ASSERT_EQ(reason, expected);
        ASSERT_TRUE(reason != TG_DROP_NONE || std::memcmp(&packet, &same, sizeof same) == 0);
    }
}

// The way around the parser of any frame leads to the same place, whichever byte is another.
TEST(PlainFrame, IsReadAsAnyFrame) {
    for (Bytes frame : {udp_frame(), segment(kSyn), segment(kSyn | kAck), segment(kAck)}) {
        tg_packet packet{};
        const tg_frame view{frame.data(), frame.data() + frame.size(), 0xffff, TG_INGRESS};
        ASSERT_TRUE(tg_parse_plain(&view, &packet)) << "else this proves nothing";
        for (std::size_t at = 0; at < frame.size(); ++at) {
            const std::byte before = frame[at];
            for (unsigned other = 0; other <= 0xff; ++other) {
                frame[at] = std::byte(other);
                ASSERT_NO_FATAL_FAILURE(expect_read_as_any(frame))
                    << "byte " << at << " is " << other;
            }
            frame[at] = before;
        }
    }
}

TEST(PlainFrame, IsReadAsAnyFrameWhereverItEnds) {
    for (const Bytes& frame : {udp_frame(), segment(kSyn)}) {
        for (std::size_t size = 0; size < frame.size(); ++size) {
            ASSERT_NO_FATAL_FAILURE(expect_read_as_any({frame.data(), frame.data() + size}))
                << size;
        }
    }
}

}  // namespace
}  // namespace tollgate::test
