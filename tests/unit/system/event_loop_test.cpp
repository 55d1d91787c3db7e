// SPDX-License-Identifier: MIT
#include "agent/system/event_loop.hpp"

#include <array>
#include <csignal>

#include <sys/epoll.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

using std::chrono::milliseconds;

class Loop : public ::testing::Test {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }

    void make_readable() const { ASSERT_EQ(::write(writing.get(), "x", 1), 1); }

    EventLoop loop = EventLoop::create().value();
    FileDescriptor reading;
    FileDescriptor writing;
};

TEST_F(Loop, CallsBackOnlyWhenReady) {
    int calls = 0;
    ASSERT_TRUE(loop.watch(reading.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }));
    ASSERT_TRUE(loop.run_once(milliseconds{0}));
    EXPECT_EQ(calls, 0);
    make_readable();
    ASSERT_TRUE(loop.run_once(milliseconds{0}));
    EXPECT_EQ(calls, 1);
}

TEST_F(Loop, ACallbackMayForgetItself) {
    int calls = 0;
    const auto once = [&](std::uint32_t) {
        loop.forget(reading.get());
        ++calls;
    };
    ASSERT_TRUE(loop.watch(reading.get(), EPOLLIN, once));
    make_readable();
    ASSERT_TRUE(loop.run_once(milliseconds{0}));
    ASSERT_TRUE(loop.run_once(milliseconds{0}));
    EXPECT_EQ(calls, 1);
}

TEST_F(Loop, ASecondWatchReplacesTheFirst) {
    bool first = false;
    bool second = false;
    ASSERT_TRUE(loop.watch(reading.get(), EPOLLIN, [&](std::uint32_t) { first = true; }));
    ASSERT_TRUE(loop.watch(reading.get(), EPOLLIN, [&](std::uint32_t) { second = true; }));
    make_readable();
    ASSERT_TRUE(loop.run_once(milliseconds{0}));
    EXPECT_FALSE(first);
    EXPECT_TRUE(second);
}

TEST_F(Loop, RunsUntilStopped) {
    Timer timer = Timer::create().value();
    int ticks = 0;
    ASSERT_TRUE(loop.watch(timer.fd(), EPOLLIN, [&](std::uint32_t) {
        EXPECT_GE(timer.take(), 1U);
        if (++ticks == 3) {
            loop.stop();
        }
    }));
    ASSERT_TRUE(timer.arm(milliseconds{1}, milliseconds{1}));
    ASSERT_TRUE(loop.run());
    EXPECT_EQ(ticks, 3);
}

TEST_F(Loop, ADisarmedTimerNeverExpires) {
    Timer timer = Timer::create().value();
    ASSERT_TRUE(timer.arm(milliseconds{0}));
    ASSERT_TRUE(timer.disarm());
    ::usleep(2000);
    EXPECT_EQ(timer.take(), 0U);
}

TEST(Signals, ArriveAsADescriptor) {
    const SignalSource signals = SignalSource::block({SIGUSR1}).value();
    EXPECT_EQ(signals.take(), std::nullopt);
    ASSERT_EQ(::raise(SIGUSR1), 0);
    EXPECT_EQ(signals.take(), SIGUSR1);
    EXPECT_EQ(signals.take(), std::nullopt);
}

TEST(Descriptors, AreClosedByTheirOwner) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    FileDescriptor reading{ends[0]};
    { const FileDescriptor writing{ends[1]}; }
    char byte = 0;
    EXPECT_EQ(::read(reading.get(), &byte, 1), 0);  // end of file: no writer is left
    FileDescriptor moved = std::move(reading);
    EXPECT_EQ(moved.get(), ends[0]);
    EXPECT_FALSE(reading);  // NOLINT(bugprone-use-after-move): that it is empty is the point
}

}  // namespace
}  // namespace tollgate::agent
