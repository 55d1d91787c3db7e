// SPDX-License-Identifier: MIT
#include "agent/tunnel/segment_buffer.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(SegmentBuffer, LaysDatagramsOfOneSizeSideBySide) {
    SegmentBuffer buffer;
    const auto first = buffer.reserve(100);
    const auto second = buffer.reserve(100);
    EXPECT_EQ(second.data(), first.data() + 100);
    EXPECT_EQ(buffer.bytes().size(), 200U);
    EXPECT_EQ(buffer.segment(), 100U);
    EXPECT_EQ(buffer.count(), 2U);
}

TEST(SegmentBuffer, OnlyTheLastMayBeShorter) {
    SegmentBuffer buffer;
    EXPECT_EQ(buffer.reserve(100).size(), 100U);
    EXPECT_EQ(buffer.reserve(99).size(), 99U);
    EXPECT_TRUE(buffer.reserve(99).empty());
    EXPECT_EQ(buffer.bytes().size(), 199U);
}

TEST(SegmentBuffer, NoneMayBeLongerThanTheFirst) {
    SegmentBuffer buffer;
    EXPECT_EQ(buffer.reserve(100).size(), 100U);
    EXPECT_TRUE(buffer.reserve(101).empty());
}

TEST(SegmentBuffer, HoldsWhatOneDatagramOfTheKernelHolds) {
    SegmentBuffer buffer;
    EXPECT_EQ(buffer.reserve(SegmentBuffer::kBytesMax).size(), SegmentBuffer::kBytesMax);
    EXPECT_TRUE(buffer.reserve(1).empty());
    buffer.clear();
    for (std::size_t i = 0; i < SegmentBuffer::kDatagramsMax; ++i) {
        EXPECT_FALSE(buffer.reserve(32).empty()) << i;
    }
    EXPECT_TRUE(buffer.reserve(32).empty());
}

}  // namespace
}  // namespace tollgate::agent
