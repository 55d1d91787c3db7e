// SPDX-License-Identifier: MIT
#include "agent/flowlog/late_sink.hpp"

#include <gtest/gtest.h>

#include "tests/unit/flowlog/records.hpp"
#include "tests/unit/flowlog/sink_driver.hpp"

namespace tollgate::agent {
namespace {

/// Takes everything.
class CountingSink : public FlowLogSink {
  public:
    [[nodiscard]] std::string_view name() const override { return "counting"; }
    void write(std::span<const FlowLogRecord> records) override { written_ += records.size(); }
    void flush(std::chrono::steady_clock::time_point /*now*/) override {}
    void close(std::chrono::milliseconds /*patience*/) override {}
    [[nodiscard]] SinkCounters counters() const override { return {.written = written_}; }

  private:
    std::uint64_t written_ = 0;
};

struct LateSinkTest : ::testing::Test {
    std::string obstacle;  ///< why the sink cannot be made
    int tries = 0;

    test::SinkDriver sink() {
        return test::SinkDriver{std::make_unique<LateSink>("late", [this]() -> LateSink::Made {
            ++tries;
            if (!obstacle.empty()) {
                return failure(obstacle);
            }
            return std::make_unique<CountingSink>();
        })};
    }
};

TEST_F(LateSinkTest, WhatCanBeMadeIsMadeAtOnce) {
    test::SinkDriver driver = sink();
    driver.write(3, test::ended_flow());
    driver.flush();
    EXPECT_EQ(driver.counters().written, 3U);
    EXPECT_EQ(driver.counters().errors, 0U);
    EXPECT_EQ(driver.sink().problem(), "");
    EXPECT_EQ(tries, 1);
}

TEST_F(LateSinkTest, RecordsWaitUntilTheSinkCanBeMade) {
    obstacle = "the token is open to all";
    test::SinkDriver driver = sink();
    driver.write(3, test::ended_flow());
    EXPECT_EQ(driver.sink().problem(), "the token is open to all");
    EXPECT_EQ(driver.counters().waiting, 3U);
    obstacle.clear();
    ASSERT_TRUE(driver.until([&] { return driver.counters().written == 3; }));
    EXPECT_EQ(driver.sink().problem(), "");
    EXPECT_TRUE(driver.adds_up());
}

TEST_F(LateSinkTest, ItIsTriedAgainAtLeastEveryHalfMinute) {
    obstacle = "no spool";
    test::SinkDriver driver = sink();
    for (int second = 0; second < 300; ++second) {
        driver.flush();
    }
    EXPECT_GE(tries, 10);
    EXPECT_LE(tries, 40);
    EXPECT_EQ(driver.counters().errors, static_cast<std::uint64_t>(tries));
}

TEST_F(LateSinkTest, OfMoreThanThereIsRoomForTheOldestAreLost) {
    obstacle = "no spool";
    test::SinkDriver driver = sink();
    driver.write(LateSink::kRecordsMax, test::ended_flow());
    EXPECT_EQ(driver.counters().lost, 0U);
    driver.write(2, test::ended_flow());
    EXPECT_EQ(driver.counters().lost, 2U);
    EXPECT_EQ(driver.counters().waiting, LateSink::kRecordsMax);
    driver.sink().close(std::chrono::seconds{1});
    EXPECT_EQ(driver.counters().lost, LateSink::kRecordsMax + 2);
    EXPECT_TRUE(driver.adds_up());
}

}  // namespace
}  // namespace tollgate::agent
