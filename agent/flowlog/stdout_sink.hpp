// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <unistd.h>

#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// Writes records to standard output, one line of JSON each (append_json()): for containers, whose
/// runtime keeps it, and under systemd for the journal. A reader that does not read for a second
/// loses the rest of what is to be written then.
class StdoutSink : public FlowLogSink {
  public:
    /// @param file  a descriptor that stays open; a test's pipe
    explicit StdoutSink(int file = STDOUT_FILENO) : file_{file} {}

    [[nodiscard]] std::string_view name() const override { return "stdout"; }
    void write(std::span<const FlowLogRecord> records) override;
    void flush(std::chrono::steady_clock::time_point /*now*/) override {}
    void close(std::chrono::milliseconds /*patience*/) override {}
    [[nodiscard]] SinkCounters counters() const override { return counters_; }

  private:
    using Time = std::chrono::steady_clock::time_point;

    void write_lines(Time deadline);
    [[nodiscard]] bool write_some(std::string_view& text, Time deadline) const;

    int file_;
    std::string lines_;
    std::uint64_t lines_count_ = 0;
    bool is_torn_ = false;  ///< the last line that was written has no end
    SinkCounters counters_;
};

}  // namespace tollgate::agent
