// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/flowlog/record.hpp"

namespace tollgate::agent {

/// What became of the records that a sink was given, and of those that an earlier run has left in
/// its spool: handed + left = written + lost + waiting.
struct SinkCounters {
    std::uint64_t written = 0;  ///< records that the other side has, as far as the way to it tells
    std::uint64_t lost = 0;     ///< records that were given up
    std::uint64_t waiting = 0;  ///< records in the spool or buffer now
    std::uint64_t errors = 0;   ///< times that writing failed
};

/// Where flow log records go. Called by the flow log's own thread only; may block for a second at
/// most, never for ever. Never throws: what cannot be written waits in bounded room or is counted
/// as lost.
class FlowLogSink {
  public:
    FlowLogSink() = default;
    FlowLogSink(const FlowLogSink&) = delete;
    FlowLogSink& operator=(const FlowLogSink&) = delete;
    virtual ~FlowLogSink() = default;

    /// The value of the metrics' label `sink`: "file", "stdout", "syslog", "journal", "http",
    /// "ipfix".
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Takes records, in the order in which they were made.
    virtual void write(std::span<const FlowLogRecord> records) = 0;
    /// Sends what waits, tries again what failed. Called at least once a second.
    virtual void flush(std::chrono::steady_clock::time_point now) = 0;
    /// Before the end: sends what can be sent within `patience`, keeps the rest if the sink has a
    /// spool, else counts it as lost.
    virtual void close(std::chrono::milliseconds patience) = 0;
    [[nodiscard]] virtual SinkCounters counters() const = 0;
    /// What is wrong now: why records wait or are lost. Empty: nothing that the sink knows of.
    [[nodiscard]] virtual std::string problem() const { return {}; }
};

}  // namespace tollgate::agent
