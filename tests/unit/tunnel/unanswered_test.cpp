// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "agent/tunnel/peer_timers.hpp"

namespace tollgate::agent {
namespace {

using namespace std::chrono_literals;

TEST(UnansweredInitiations, AreCountedUntilTheHandshakeIsFinished) {
    PeerTimers timers;
    EXPECT_EQ(timers.unanswered(), 0U);
    crypto::Instant now{0};
    for (std::uint32_t sent = 0; sent < 4; ++sent) {
        timers.initiation_sent(now, 0ms);
        EXPECT_EQ(timers.unanswered(), sent);
        now += 5s;
        ASSERT_EQ(timers.take(now), PeerTimers::Due::retry_handshake);
    }
    timers.initiation_sent(now, 0ms);
    EXPECT_EQ(timers.unanswered(), 4U);
    timers.handshake_finished();
    EXPECT_EQ(timers.unanswered(), 0U);
}

TEST(UnansweredInitiations, AreNoneOnceWeHaveGivenUp) {
    PeerTimers timers;
    crypto::Instant now{0};
    do {
        timers.initiation_sent(now, 0ms);
        now += 5s;
    } while (timers.take(now) == PeerTimers::Due::retry_handshake);
    EXPECT_EQ(timers.unanswered(), 0U);
    EXPECT_GE(now, 90s);
}

}  // namespace
}  // namespace tollgate::agent
