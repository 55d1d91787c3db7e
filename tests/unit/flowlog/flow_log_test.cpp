// SPDX-License-Identifier: MIT
#include "agent/flowlog/flow_log.hpp"

#include <atomic>
#include <set>

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

/// Passes records on to a file, each batch after a pause, and says in which thread.
class SlowSink : public FlowLogSink {
  public:
    SlowSink(JsonFileOptions options, std::chrono::milliseconds pause)
        : file_{std::move(options)}, pause_{pause} {}

    [[nodiscard]] std::string_view name() const override { return file_.name(); }
    void write(std::span<const FlowLogRecord> records) override {
        std::this_thread::sleep_for(pause_);
        file_.write(records);
    }
    void flush(std::chrono::steady_clock::time_point now) override { file_.flush(now); }
    void close(std::chrono::milliseconds patience) override { file_.close(patience); }
    [[nodiscard]] SinkCounters counters() const override { return file_.counters(); }

  private:
    JsonFileSink file_;
    std::chrono::milliseconds pause_;
};

class FlowLogTest : public testing::Test {
  protected:
    std::vector<std::unique_ptr<FlowLogSink>> slow_file(std::chrono::milliseconds pause) {
        std::vector<std::unique_ptr<FlowLogSink>> sinks;
        sinks.push_back(std::make_unique<SlowSink>(JsonFileOptions{path()}, pause));
        return sinks;
    }
    [[nodiscard]] std::filesystem::path path() const { return folder.path() / "flows.jsonl"; }

    test::TemporaryFolder folder;
};

TEST_F(FlowLogTest, WithRoomForAllNothingIsLost) {
    FlowLog log{slow_file({})};
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
    FlowLog log{slow_file(std::chrono::milliseconds{5}), /*records_max=*/100};
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
    FlowLog log{slow_file(std::chrono::milliseconds{500}), /*records_max=*/10};
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint32_t number = 0; number < 10'000; ++number) {
        log.put(record_number(number));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds{400});
    EXPECT_GE(log.counters().lost, 9'980U);
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
