// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/flowlog/collector_link.hpp"
#include "agent/flowlog/record_buffer.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// Sends every record as one message of its own.
class LineSink : public FlowLogSink {
  public:
    using Format = std::function<std::string(const FlowLogRecord&)>;
    struct Options {
        std::string_view name;  ///< of the sink; lives for ever
        CollectorPlace place;
        std::size_t buffer_records = 0;  ///< that wait; further ones drive out the oldest
    };

    LineSink(Options options, Format format);

    [[nodiscard]] std::string_view name() const override { return options_.name; }
    void write(std::span<const FlowLogRecord> records) override;
    void flush(std::chrono::steady_clock::time_point now) override;
    void close(std::chrono::milliseconds patience) override;
    [[nodiscard]] SinkCounters counters() const override;

  private:
    void send(std::chrono::steady_clock::time_point end);

    Options options_;
    Format format_;
    CollectorLink link_;
    RecordBuffer<std::string> buffer_;
};

}  // namespace tollgate::agent
