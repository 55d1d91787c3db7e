// SPDX-License-Identifier: MIT
#include "agent/core/wg_changes.hpp"

#include <cerrno>
#include <fstream>
#include <thread>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/fake_gate.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::test {
namespace {

class WgChangesTest : public testing::Test {
  protected:
    [[nodiscard]] std::vector<nlohmann::json> records() const {
        std::vector<nlohmann::json> all;
        const auto files = agent::audit_files(folder.path()).value();
        for (const auto& path : files) {
            std::ifstream file{path};
            for (std::string line; std::getline(file, line);) {
                all.push_back(nlohmann::json::parse(line));
            }
        }
        return all;
    }
    /// How many changes the records of a tunnel stand for.
    [[nodiscard]] int counted(const std::string& tunnel, const char* what = "changes") const {
        int sum = 0;
        for (const auto& record : records()) {
            const auto& details = record.at("details");
            sum +=
                details.at("tunnel") == tunnel ? std::stoi(details.at(what).get<std::string>()) : 0;
        }
        return sum;
    }
    /// @return whether a task waited
    bool run_waiting() {
        pollfd waiting{queue->fd(), POLLIN, 0};
        const bool waited = ::poll(&waiting, 1, 0) == 1;
        queue->run_waiting();
        return waited;
    }
    void tell(int times, int error = 0) {
        for (int i = 0; i < times; ++i) {
            changes.tell("wg0", error);
        }
    }

    TemporaryFolder folder;
    FakeClock clock;
    agent::AuditLog log{agent::AuditLog::open(folder.path(), clock).value()};
    std::unique_ptr<agent::TaskQueue> queue{agent::TaskQueue::create().value()};
    agent::WgChanges changes{*queue, log, clock};
};

TEST_F(WgChangesTest, OneIsNotedAtOnce) {
    tell(1);
    ASSERT_TRUE(run_waiting());
    ASSERT_EQ(records().size(), 1U);
    const auto record = records().front();
    EXPECT_EQ(record.at("actor"), "wg");
    EXPECT_EQ(record.at("action"), "tunnels/set");
    EXPECT_EQ(record.at("outcome"), "done");
    EXPECT_EQ(counted("wg0"), 1);
}

TEST_F(WgChangesTest, ManyAreOneTaskAndOneRecord) {
    tell(100'000);
    EXPECT_TRUE(run_waiting());
    EXPECT_EQ(records().size(), 1U);
    EXPECT_EQ(counted("wg0"), 100'000);
}

// A task for each would keep the loop from everything else, without a record, too.
TEST_F(WgChangesTest, WithinASecondNeitherTaskNorRecordFollows) {
    tell(1);
    ASSERT_TRUE(run_waiting());
    int tasks = 0;
    for (int i = 0; i < 1000; ++i) {
        tell(1);
        tasks += run_waiting() ? 1 : 0;
        changes.tick();
    }
    EXPECT_LE(tasks, 1);
    EXPECT_EQ(records().size(), 1U);
    clock.advance(1);
    changes.tick();
    EXPECT_EQ(records().size(), 2U);
    EXPECT_EQ(counted("wg0"), 1001);
    tell(1);
    EXPECT_TRUE(run_waiting()) << "the next one is told again";
}

TEST_F(WgChangesTest, ThoseThatFailedAreCounted) {
    tell(3);
    tell(2, EINVAL);
    tell(1);
    run_waiting();
    EXPECT_EQ(counted("wg0"), 6);
    EXPECT_EQ(counted("wg0", "failed"), 2);
    EXPECT_EQ(records().front().at("outcome"), "Invalid argument");
}

TEST_F(WgChangesTest, OneTunnelDoesNotHoldUpAnother) {
    tell(1);
    run_waiting();
    tell(5);
    changes.tell("wg1", 0);
    run_waiting();
    EXPECT_EQ(counted("wg0"), 1);
    EXPECT_EQ(counted("wg1"), 1);
}

TEST_F(WgChangesTest, NoneIsLostAtTheEnd) {
    tell(1);
    run_waiting();
    tell(4);
    queue->close();
    tell(3);
    changes.finish();
    EXPECT_EQ(records().size(), 2U);
    EXPECT_EQ(counted("wg0"), 8);
}

TEST_F(WgChangesTest, ThreadsMayTell) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this] { tell(1000); });
    }
    for (int i = 0; i < 100; ++i) {
        queue->run_waiting();
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    changes.finish();
    EXPECT_EQ(counted("wg0"), 4000);
    EXPECT_LE(records().size(), 2U);
}

}  // namespace
}  // namespace tollgate::test
