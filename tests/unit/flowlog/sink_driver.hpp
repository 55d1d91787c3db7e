// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "agent/flowlog/sink.hpp"

namespace tollgate::test {

/// Drives a sink as the flow log's thread does, but for every second of the thread some
/// milliseconds pass here.
class SinkDriver {
  public:
    explicit SinkDriver(std::unique_ptr<agent::FlowLogSink> sink) : sink_{std::move(sink)} {}

    void write(const std::vector<agent::FlowLogRecord>& records) {
        handed_ += records.size();
        sink_->write(records);
    }
    void write(std::size_t count, const agent::FlowLogRecord& record) {
        write(std::vector<agent::FlowLogRecord>(count, record));
    }

    /// One second.
    void flush() {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        now_ += std::chrono::seconds{1};
        sink_->flush(now_);
    }
    /// Lets seconds pass until it is so. @return whether it came true within a minute of the test's
    /// own time
    bool until(const std::function<bool()>& so) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
        while (std::chrono::steady_clock::now() < end) {
            if (so()) {
                return true;
            }
            flush();
        }
        return so();
    }

    [[nodiscard]] agent::FlowLogSink& sink() { return *sink_; }
    [[nodiscard]] agent::SinkCounters counters() const { return sink_->counters(); }
    /// Whether nothing was lost without being counted.
    [[nodiscard]] bool adds_up() const {
        const agent::SinkCounters now = counters();
        return handed_ == now.written + now.lost + now.waiting;
    }

  private:
    std::unique_ptr<agent::FlowLogSink> sink_;
    std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
    std::uint64_t handed_ = 0;
};

}  // namespace tollgate::test
