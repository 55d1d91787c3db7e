// SPDX-License-Identifier: MIT
#include "agent/tunnel/standstill.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

/// A loop that counts its turns without any lock.
class Turner {
  public:
    Turner() {
        thread_ = std::thread{[this] {
            while (!ends_) {
                ++turns;
                tasks_->run_waiting();
            }
        }};
    }
    ~Turner() {
        ends_ = true;
        thread_.join();
    }
    Turner(const Turner&) = delete;
    Turner& operator=(const Turner&) = delete;

    [[nodiscard]] TaskQueue& tasks() { return *tasks_; }

    std::uint64_t turns = 0;  ///< its own, unless it stands still

  private:
    std::unique_ptr<TaskQueue> tasks_ = TaskQueue::create().value();
    std::atomic<bool> ends_{false};
    std::thread thread_;
};

TEST(Standstill, NobodyTurnsWhileItLastsAndWhatWasChangedIsSeenAfterwards) {
    std::array<Turner, 3> turners;
    std::vector<TaskQueue*> loops;
    for (Turner& turner : turners) {
        loops.push_back(&turner.tasks());
    }
    for (int round = 0; round < 20; ++round) {
        const Standstill others{loops};
        for (Turner& turner : turners) {
            turner.turns = 0;
        }
        std::this_thread::yield();
        for (const Turner& turner : turners) {
            EXPECT_EQ(turner.turns, 0U);
        }
    }
    for (Turner& turner : turners) {
        const auto turns = turner.tasks().call([&turner] { return turner.turns; });
        EXPECT_GE(turns.value_or(0), 1U) << "it goes on";
    }
}

TEST(Standstill, WithoutOthersItIsNothing) {
    const Standstill nobody{{}};
}

}  // namespace
}  // namespace tollgate::agent
