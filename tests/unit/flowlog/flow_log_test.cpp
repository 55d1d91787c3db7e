// SPDX-License-Identifier: MIT
#include "agent/flowlog/flow_log.hpp"

#include <functional>
#include <latch>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "agent/flowlog/json_file_sink.hpp"
#include "tests/support/flow_log.hpp"
#include "tests/support/flow_log_lines.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

/// A record that can be told from others: `number` is its generation.
FlowLogRecord record_number(std::uint32_t number) {
    FlowLogRecord record = test::connection();
    record.generation = number;
    return record;
}

/// Passes records on to a file, each batch after what it has to wait for.
class SlowSink : public FlowLogSink {
  public:
    SlowSink(JsonFileOptions options, std::function<void()> wait)
        : file_{std::move(options)}, wait_{std::move(wait)} {}

    [[nodiscard]] std::string_view name() const override { return file_.name(); }
    void write(std::span<const FlowLogRecord> records) override {
        wait_();
        file_.write(records);
    }
    void flush(std::chrono::steady_clock::time_point now) override { file_.flush(now); }
    void close(std::chrono::milliseconds patience) override { file_.close(patience); }
    [[nodiscard]] SinkCounters counters() const override { return file_.counters(); }

  private:
    JsonFileSink file_;
    std::function<void()> wait_;
};

class FlowLogTest : public testing::Test {
  protected:
    std::vector<std::unique_ptr<FlowLogSink>> file_after(std::function<void()> wait) {
        std::vector<std::unique_ptr<FlowLogSink>> sinks;
        sinks.push_back(std::make_unique<SlowSink>(JsonFileOptions{path()}, std::move(wait)));
        return sinks;
    }
    [[nodiscard]] std::filesystem::path path() const { return folder.path() / "flows.jsonl"; }

    test::TemporaryFolder folder;
};

TEST_F(FlowLogTest, WithRoomForAllNothingIsLost) {
    FlowLog log{file_after([] {})};
    for (std::uint32_t number = 0; number < 2'000; ++number) {
        log.put(record_number(number));
    }
    log.stop(std::chrono::seconds{1});
    EXPECT_EQ(log.counters().handed, 2'000U);
    EXPECT_EQ(log.counters().lost, 0U);
    const auto lines = test::flow_log_lines(path());
    ASSERT_EQ(lines.size(), 2'000U);
    for (std::uint32_t number = 0; number < lines.size(); ++number) {
        ASSERT_EQ(lines[number].at("generation"), number);
    }
}

TEST_F(FlowLogTest, AboveWhatASinkTakesLossesAreCountedExactly) {
    FlowLog log{file_after([] { std::this_thread::sleep_for(std::chrono::milliseconds{5}); }),
                /*records_max=*/100};
    for (std::uint32_t number = 0; number < 50'000; ++number) {
        log.put(record_number(number));
    }
    log.stop(std::chrono::seconds{1});
    const FlowLogCounters counters = log.counters();
    const SinkCounters& file = counters.sinks.at(0).counters;
    EXPECT_GT(counters.lost, 0U);
    EXPECT_EQ(counters.waiting, 0U);
    EXPECT_EQ(counters.handed, counters.lost + file.written);
    EXPECT_EQ(file.lost, 0U);

    std::uint64_t told = 0;
    std::uint64_t tellers = 0;
    std::set<std::uint32_t> numbers;
    for (const nlohmann::json& line : test::flow_log_lines(path())) {
        if (line.at("type") == "lost") {
            told += line.at("lost").at("records").get<std::uint64_t>();
            ++tellers;
        } else {
            EXPECT_TRUE(numbers.insert(line.at("generation").get<std::uint32_t>()).second);
        }
    }
    EXPECT_EQ(counters.handed, 50'000U + tellers);
    EXPECT_EQ(told, counters.lost);
    EXPECT_EQ(numbers.size() + told, 50'000U);
    EXPECT_EQ(numbers.size() + tellers, file.written);
}

TEST_F(FlowLogTest, WhoHandsRecordsDoesNotWaitForASink) {
    std::latch sink_may_go_on{1};
    FlowLog log{file_after([&] { sink_may_go_on.wait(); }), /*records_max=*/10};
    for (std::uint32_t number = 0; number < 10'000; ++number) {
        log.put(record_number(number));
    }
    EXPECT_GE(log.counters().lost, 9'980U);
    sink_may_go_on.count_down();
}

TEST_F(FlowLogTest, EachSinkGetsEachRecord) {
    std::vector<std::unique_ptr<FlowLogSink>> sinks;
    for (const char* name : {"one", "two"}) {
        sinks.push_back(std::make_unique<JsonFileSink>(JsonFileOptions{folder.path() / name}));
    }
    FlowLog log{std::move(sinks)};
    log.put(test::connection());
    log.put(test::dropped_connection());
    log.stop(std::chrono::seconds{1});
    for (const char* name : {"one", "two"}) {
        EXPECT_EQ(test::flow_log_lines(folder.path() / name).size(), 2U) << name;
    }
    EXPECT_EQ(log.counters().sinks.size(), 2U);
}

}  // namespace
}  // namespace tollgate::agent
