// SPDX-License-Identifier: MIT
#include "agent/flowlog/spool_frame.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

const Batch kFirst{"run-1", 2, "{\"a\":1}\n{\"a\":2}\n"};
const Batch kSecond{"run-2", 1, "{\"a\":3}\n"};
const Batch kThird{"run-3", 3, std::string(300, 'x')};

TEST(SpoolFrame, TheChecksumIsThatOfIeee8023) {
    EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
    EXPECT_EQ(crc32("6789", crc32("12345")), 0xcbf43926U);
}

TEST(SpoolFrame, ABatchComesBackAsItWas) {
    EXPECT_EQ(decode_frame(encode_frame(kFirst)), kFirst);
    EXPECT_EQ(decode_frame(encode_frame({"", 0, ""})), (Batch{"", 0, ""}));
    EXPECT_EQ(decode_frame(encode_frame(kFirst) + "x"), std::nullopt);
}

TEST(SpoolFrame, EveryChangedByteIsNoticedButTheState) {
    const std::string frame = encode_frame(kFirst);
    for (std::size_t at = 0; at < frame.size(); ++at) {
        std::string changed = frame;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        EXPECT_EQ(decode_frame(changed).has_value(), at == kFrameStateAt) << at;
    }
}

// As a crash in the middle of a write leaves it.
TEST(SpoolFrame, AFileThatEndsAnywhereHoldsTheFramesThatAreWhole) {
    const std::string one = encode_frame(kFirst);
    const std::string content = one + encode_frame(kSecond);
    for (std::size_t size = 0; size <= content.size(); ++size) {
        const SpoolFile file = read_frames(std::string_view{content}.substr(0, size));
        const std::size_t whole = size == content.size() ? 2 : size >= one.size() ? 1 : 0;
        ASSERT_EQ(file.waiting.size(), whole) << size;
        const std::size_t torn = whole == 2 ? 0 : whole == 1 ? size - one.size() : size;
        EXPECT_EQ(file.damaged_bytes, torn) << size;
    }
}

TEST(SpoolFrame, ADamagedFrameCostsNoOther) {
    const std::string first = encode_frame(kFirst);
    const std::string third = encode_frame(kThird);
    for (std::size_t at = 0; at < first.size(); ++at) {
        std::string damaged = first;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const SpoolFile file = read_frames(encode_frame(kSecond).append(damaged).append(third));
        ASSERT_EQ(file.waiting.size(), at == kFrameStateAt ? 3U : 2U) << at;
        EXPECT_EQ(file.waiting.back().records, 3U);
    }
}

TEST(SpoolFrame, WhatIsDoneDoesNotWait) {
    std::string content = encode_frame(kFirst) + encode_frame(kSecond);
    content[kFrameStateAt] = kFrameDone;
    const SpoolFile file = read_frames(content);
    ASSERT_EQ(file.waiting.size(), 1U);
    EXPECT_EQ(file.waiting[0].offset, encode_frame(kFirst).size());
    EXPECT_EQ(file.damaged_bytes, 0U);
}

}  // namespace
}  // namespace tollgate::agent
