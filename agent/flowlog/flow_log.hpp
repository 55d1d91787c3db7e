// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/flowlog/record.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// What became of the records: handed = lost + waiting + what the sinks have, for each of them.
struct FlowLogCounters {
    struct OfSink {
        std::string name;
        SinkCounters counters;
        std::string problem;  ///< see FlowLogSink::problem()
    };
    std::uint64_t handed = 0;
    std::uint64_t lost = 0;     ///< there was no room in the queue: no sink has them
    std::uint64_t waiting = 0;  ///< in the queue, or being written now
    std::vector<OfSink> sinks;
};

/// Takes records from the agent's loop, without ever making it wait, and gives each to all sinks,
/// in a thread of its own. Thread-safe.
class FlowLog {
  public:
    /// As many as the flow table has entries by default: all of them may end at once.
    static constexpr std::size_t kRecordsMax = 65536;

    /// @param records_max  that wait, at most; further ones are counted as lost
    explicit FlowLog(std::vector<std::unique_ptr<FlowLogSink>> sinks,
                     std::size_t records_max = kRecordsMax);
    FlowLog(const FlowLog&) = delete;
    FlowLog& operator=(const FlowLog&) = delete;
    /// As stop() with one second.
    ~FlowLog();

    void put(FlowLogRecord record);
    /// Writes what waits, and ends the thread. @param patience  of each sink, see its close()
    void stop(std::chrono::milliseconds patience);

    [[nodiscard]] FlowLogCounters counters() const;

  private:
    using Time = std::chrono::steady_clock::time_point;

    void run();
    /// Waits for records until the deadline, and takes all. @return false: the end has come
    bool take(std::vector<FlowLogRecord>& batch, Time deadline);
    /// @param done  how many records do not wait any more
    void note_counters(std::size_t done);

    const std::vector<std::unique_ptr<FlowLogSink>> sinks_;
    const std::size_t records_max_;

    mutable std::mutex mutex_;
    std::condition_variable news_;
    std::vector<FlowLogRecord> queue_;
    FlowLogCounters counters_;
    std::uint64_t lost_told_ = 0;  ///< of counters_.lost: a record says so
    bool stopping_ = false;
    std::chrono::milliseconds patience_{1000};

    std::thread thread_;
};

}  // namespace tollgate::agent
