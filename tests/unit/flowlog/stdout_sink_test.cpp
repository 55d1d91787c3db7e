// SPDX-License-Identifier: MIT
#include "agent/flowlog/stdout_sink.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>
#include <vector>

#include <fcntl.h>

#include <gtest/gtest.h>

#include "agent/system/file_descriptor.hpp"
#include "tests/support/flow_log.hpp"

namespace tollgate::agent {
namespace {

class StdoutSinkTest : public testing::Test {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = FileDescriptor{ends[0]};
        writer = FileDescriptor{ends[1]};
    }
    /// Everything, once the pipe is closed.
    [[nodiscard]] std::string read_all() const {
        std::string text;
        std::array<char, 4096> part{};
        for (ssize_t count = 0; (count = ::read(reader.get(), part.data(), part.size())) > 0;) {
            text.append(part.data(), static_cast<std::size_t>(count));
        }
        return text;
    }

    FileDescriptor reader;
    FileDescriptor writer;
};

TEST_F(StdoutSinkTest, WritesALineForEachRecord) {
    StdoutSink sink{writer.get()};
    const std::vector<FlowLogRecord> records(1000, test::connection());
    std::string text;
    std::thread thread{[&] {
        text = read_all();
    }};
    sink.write(records);
    writer.reset();
    thread.join();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1000);
    EXPECT_EQ(sink.counters().written, 1000U);
    EXPECT_EQ(sink.counters().lost, 0U);
}

TEST_F(StdoutSinkTest, AReaderThatDoesNotReadLosesWholeLinesAndHoldsNobodyUp) {
    StdoutSink sink{writer.get()};
    const std::vector<FlowLogRecord> records(1000, test::connection());
    const auto begun = std::chrono::steady_clock::now();
    sink.write(records);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{3});
    writer.reset();
    const std::string text = read_all();
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_GT(lines, 0U);
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(sink.counters().written, lines);
    EXPECT_EQ(sink.counters().written + sink.counters().lost, 1000U);
}

TEST_F(StdoutSinkTest, WithoutAReaderEverythingIsLost) {
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));  // as in the flow log's thread
    StdoutSink sink{writer.get()};
    reader.reset();
    sink.write(std::vector<FlowLogRecord>(3, test::connection()));
    EXPECT_EQ(sink.counters().lost, 3U);
    EXPECT_EQ(sink.counters().written, 0U);
}

}  // namespace
}  // namespace tollgate::agent
