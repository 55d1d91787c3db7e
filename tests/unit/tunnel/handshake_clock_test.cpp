// SPDX-License-Identifier: MIT
#include "agent/tunnel/handshake_clock.hpp"

#include <cerrno>
#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace tollgate::test {
namespace {

using agent::HandshakeClock;
using crypto::Tai64n;
using namespace std::chrono_literals;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

constexpr WallTime kWall{1'700'000'000s};

class HandshakeClockTest : public ::testing::Test {
  protected:
    [[nodiscard]] HandshakeClock open() const {
        return HandshakeClock::open(folder.path() / "time").value();
    }
    TemporaryFolder folder;
};

TEST_F(HandshakeClockTest, GoesWithTheWallClock) {
    HandshakeClock clock = open();
    EXPECT_EQ(clock.next(kWall), Tai64n::from(kWall));
    EXPECT_EQ(clock.next(kWall + 1s), Tai64n::from(kWall + 1s));
    EXPECT_TRUE(clock.is_persistent());
}

// Case F16
TEST_F(HandshakeClockTest, NeverGoesBackWhateverTheWallClockDoes) {
    HandshakeClock clock = open();
    Tai64n last = clock.next(kWall);
    for (const WallTime wall : {kWall, kWall - 1h, WallTime{}, kWall - 1ns}) {
        const Tai64n next = clock.next(wall);
        EXPECT_GT(next, last);
        last = next;
    }
}

// Case F16
TEST_F(HandshakeClockTest, NeverGoesBackOverARestartWithoutAClock) {
    Tai64n last;
    {
        HandshakeClock clock = open();
        for (int i = 0; i < 100; ++i) {
            last = clock.next(kWall + i * 1s);
        }
    }
    EXPECT_GT(open().next(WallTime{}), last);
}

TEST_F(HandshakeClockTest, AFileThatHoldsSomethingElseIsRefused) {
    for (const char* text : {"", "\n", "tomorrow\n", "-1\n", "17\n17\n"}) {
        std::ofstream{folder.path() / "time"} << text;
        const auto opened = HandshakeClock::open(folder.path() / "time");
        ASSERT_FALSE(opened) << text;
        EXPECT_EQ(opened.error().code.value(), EINVAL);
    }
}

TEST_F(HandshakeClockTest, SaysThatItCouldNotWriteAndGoesOn) {
    HandshakeClock clock = HandshakeClock::open(folder.path() / "gone" / "time").value();
    EXPECT_EQ(clock.next(kWall), Tai64n::from(kWall));
    EXPECT_FALSE(clock.is_persistent());
}

}  // namespace
}  // namespace tollgate::test
