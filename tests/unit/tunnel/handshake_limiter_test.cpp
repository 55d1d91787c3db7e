// SPDX-License-Identifier: MIT
#include "agent/tunnel/handshake_limiter.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/support/frame.hpp"

namespace tollgate::test {
namespace {

using agent::HandshakeLimiter;
using namespace std::chrono_literals;

constexpr crypto::Instant kNow = 1h;

std::size_t allowed(HandshakeLimiter& limiter,
                    const std::string& source,
                    crypto::Instant now,
                    std::size_t times = 100) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < times; ++i) {
        count += limiter.allow(ip(source), now) ? 1U : 0U;
    }
    return count;
}

TEST(HandshakeLimiter, AllowsFiveAtOnceAndTwentyASecond) {
    HandshakeLimiter limiter;
    EXPECT_EQ(allowed(limiter, "192.0.2.1", kNow), 5U);
    EXPECT_EQ(allowed(limiter, "192.0.2.1", kNow + HandshakeLimiter::kCost - 1ns), 0U);
    EXPECT_EQ(allowed(limiter, "192.0.2.1", kNow + HandshakeLimiter::kCost), 1U);
    std::size_t in_a_second = 0;
    for (auto at = 1s + 10ms; at <= 2s; at += 10ms) {
        in_a_second += allowed(limiter, "192.0.2.1", kNow + at);
    }
    EXPECT_EQ(in_a_second, 5U + 19U);
}

TEST(HandshakeLimiter, OneSourceTakesNothingFromAnother) {
    HandshakeLimiter limiter;
    EXPECT_EQ(allowed(limiter, "192.0.2.1", kNow), 5U);
    EXPECT_EQ(allowed(limiter, "192.0.2.2", kNow), 5U);
    EXPECT_EQ(allowed(limiter, "2001:db8::1", kNow), 5U);
}

TEST(HandshakeLimiter, AllAddressesOfAnIpv6NetworkAreOneSource) {
    HandshakeLimiter limiter;
    EXPECT_EQ(allowed(limiter, "2001:db8:0:1::1", kNow), 5U);
    EXPECT_EQ(allowed(limiter, "2001:db8:0:1:ffff::2", kNow), 0U);
    EXPECT_EQ(allowed(limiter, "2001:db8:0:2::1", kNow), 5U);
}

TEST(HandshakeLimiter, HoldsOnlySoManySourcesAndForgetsThemInASecond) {
    HandshakeLimiter limiter;
    IpAddress source = ip("10.0.0.0");
    std::size_t allowed_sources = 0;
    for (std::size_t i = 0; i < HandshakeLimiter::kSourcesMax + 1000; ++i) {
        source.bytes[13] = static_cast<std::uint8_t>(i >> 16U);
        source.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
        source.bytes[15] = static_cast<std::uint8_t>(i);
        allowed_sources += limiter.allow(source, kNow) ? 1U : 0U;
    }
    EXPECT_EQ(allowed_sources, HandshakeLimiter::kSourcesMax);
    EXPECT_TRUE(limiter.allow(ip("192.0.2.1"), kNow + 1s));
    EXPECT_EQ(limiter.size(), 1U);
}

}  // namespace
}  // namespace tollgate::test
