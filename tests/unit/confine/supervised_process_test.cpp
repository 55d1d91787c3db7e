// SPDX-License-Identifier: MIT
#include "agent/confine/supervised_process.hpp"

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>

namespace tollgate::test {
namespace {

using agent::ChildProcess;
using agent::ConfinedProcess;
using agent::SupervisedProcess;
using std::chrono::milliseconds;

constexpr std::uint64_t kSecond = 1'000'000'000;

class SteppedClock : public agent::Clock {
  public:
    [[nodiscard]] std::uint64_t boot_ns() const override { return now; }
    [[nodiscard]] std::int64_t wall_ns() const override { return 0; }
    std::uint64_t now = 1000 * kSecond;
};

Result<ConfinedProcess> start_waiting() {
    ChildProcess::Plan plan;
    plan.role = "wait";
    plan.program = TOLLGATE_CHILD_PROGRAM;
    auto started = ChildProcess::start(plan);
    return started ? Result<ConfinedProcess>{ConfinedProcess{std::move(*started), {}}}
                   : Failure{started.error()};
}

class Supervised : public testing::Test {
  protected:
    void SetUp() override {
        auto made = agent::EventLoop::create();
        ASSERT_TRUE(made);
        loop.emplace(std::move(*made));
        process.emplace("part", agent::SyscallProfile::yaml, *loop, clock, [this] {
            return fails ? Result<ConfinedProcess>{failure("it cannot")} : start_waiting();
        });
    }
    void TearDown() override { process.reset(); }

    void kill_it() {
        ASSERT_GT(process->status().pid, 0);
        ::kill(process->status().pid, SIGKILL);
        while (process->status().pid != 0) {
            ASSERT_TRUE(loop->run_once(milliseconds{1000}));
        }
    }
    // Whether it runs so many seconds later.
    bool runs_after(std::uint64_t seconds) {
        clock.now += seconds * kSecond;
        process->tick();
        return process->status().pid != 0;
    }

    SteppedClock clock;
    bool fails = false;
    std::optional<agent::EventLoop> loop;
    std::optional<SupervisedProcess> process;
};

TEST_F(Supervised, ComesBackASecondAfterItEnds) {
    process->start();
    kill_it();
    EXPECT_EQ(process->status().last_end, "was killed by SIGKILL");
    EXPECT_FALSE(runs_after(0));
    EXPECT_TRUE(runs_after(1));
    EXPECT_EQ(process->status().restarts, 1U);
}

TEST_F(Supervised, ComesBackLaterEachTimeUntilItHasRunForAMinute) {
    process->start();
    for (const std::uint64_t delay : {1U, 2U, 4U, 8U, 16U, 32U, 60U, 60U}) {
        kill_it();
        EXPECT_FALSE(runs_after(delay - 1));
        EXPECT_TRUE(runs_after(1));
    }
    EXPECT_TRUE(runs_after(60));
    kill_it();
    EXPECT_TRUE(runs_after(1));
}

TEST_F(Supervised, ThatIsEndedSaysWhyAndComesBack) {
    process->start();
    const pid_t pid = process->status().pid;
    process->end("answers nonsense");
    EXPECT_EQ(process->status().pid, 0);
    EXPECT_EQ(process->status().last_end, "answers nonsense");
    EXPECT_EQ(::kill(pid, 0), -1) << "it still runs";
    process->end("again");
    EXPECT_EQ(process->status().last_end, "answers nonsense")
        << "what does not run cannot be ended";
    EXPECT_FALSE(runs_after(0));
    EXPECT_TRUE(runs_after(1));
    EXPECT_EQ(process->status().restarts, 1U);
}

TEST_F(Supervised, IsTriedAgainWhenItDoesNotStart) {
    fails = true;
    process->start();
    EXPECT_EQ(process->status().pid, 0);
    EXPECT_EQ(process->status().last_end, "it cannot");
    EXPECT_FALSE(runs_after(1));
    fails = false;
    EXPECT_FALSE(runs_after(1));
    EXPECT_TRUE(runs_after(1));
    EXPECT_EQ(process->status().restarts, 2U);
}

TEST_F(Supervised, IsNotStartedByATickAlone) {
    EXPECT_FALSE(runs_after(100));
}

}  // namespace
}  // namespace tollgate::test
