// SPDX-License-Identifier: MIT
// The kernel's side is played by a ring of the other kind on the same memory.
#include "agent/tunnel/xsk_ring.hpp"

#include <array>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

constexpr std::uint32_t kSize = 8;

struct XskRing : ::testing::Test {
    RingMemory memory() {
        return {.producer = &producer,
                .consumer = &consumer,
                .flags = &flags,
                .entries = entries.data(),
                .size = kSize};
    }

    std::uint32_t producer = 0;
    std::uint32_t consumer = 0;
    std::uint32_t flags = 0;
    std::array<std::uint64_t, kSize> entries{};
};

TEST_F(XskRing, TheOtherSideSeesOnlyWhatIsPublished) {
    ProducerRing<std::uint64_t> ours{memory()};
    const ConsumerRing<std::uint64_t> theirs{memory()};
    ours.put(7);
    EXPECT_EQ(theirs.available(), 0U);
    EXPECT_EQ(ours.waiting(), 1U);
    ours.publish();
    EXPECT_EQ(theirs.available(), 1U);
}

// Case F19
TEST_F(XskRing, HasRoomForItsSizeAndForNoMoreUntilTheOtherSideReleases) {
    ProducerRing<std::uint64_t> ours{memory()};
    ConsumerRing<std::uint64_t> theirs{memory()};
    for (std::uint64_t i = 0; i < kSize; ++i) {
        ASSERT_NE(ours.room(), 0U);
        ours.put(i);
    }
    EXPECT_EQ(ours.room(), 0U);
    ours.publish();
    EXPECT_EQ(theirs.take(), 0U);
    EXPECT_EQ(theirs.take(), 1U);
    EXPECT_EQ(ours.room(), 0U);
    theirs.release();
    EXPECT_EQ(ours.room(), 2U);
    EXPECT_EQ(ours.waiting(), kSize - 2);
}

TEST_F(XskRing, KeepsTheOrderWhenTheCountersOverflow) {
    producer = consumer = UINT32_MAX - 2;
    ProducerRing<std::uint64_t> ours{memory()};
    ConsumerRing<std::uint64_t> theirs{memory()};
    for (std::uint64_t round = 0; round < 5; ++round) {
        for (std::uint64_t i = 0; i < 5; ++i) {
            ours.put(10 * round + i);
        }
        ours.publish();
        ASSERT_EQ(theirs.available(), 5U);
        for (std::uint64_t i = 0; i < 5; ++i) {
            EXPECT_EQ(theirs.take(), 10 * round + i);
        }
        theirs.release();
    }
    EXPECT_EQ(producer, 22U);
    EXPECT_EQ(consumer, 22U);
}

TEST_F(XskRing, ACounterThatCannotBeIsTakenForNothing) {
    producer = kSize + 1;
    const ConsumerRing<std::uint64_t> ours{memory()};
    EXPECT_EQ(ours.available(), 0U);
    producer = kSize;
    EXPECT_EQ(ours.available(), kSize);
}

TEST_F(XskRing, SaysWhetherTheKernelSleeps) {
    const ProducerRing<std::uint64_t> ours{memory()};
    EXPECT_FALSE(ours.needs_wakeup());
    flags = XDP_RING_NEED_WAKEUP;
    EXPECT_TRUE(ours.needs_wakeup());
}

}  // namespace
}  // namespace tollgate::agent
