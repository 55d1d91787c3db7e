// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/flowlog/sink.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

struct JsonFileOptions {
    std::filesystem::path path = "/var/log/tollgate/flows.jsonl";
    std::uint64_t rotate_bytes = std::uint64_t{64} << 20U;  ///< of one file, at most
    std::uint32_t rotate_count = 8;                         ///< older files: PATH.1 is the newest
};

/// Appends records to a file, one line of JSON each (append_json()), with the mode 0640, and makes
/// way for a new one when it is full. A line is whole or not there: what a crash or a full disk has
/// left of one is cut off. What cannot be written is lost, and the next line that can be says how
/// many were. When another program has moved the file away, a new one begins.
class JsonFileSink : public FlowLogSink {
  public:
    explicit JsonFileSink(JsonFileOptions options) : options_{std::move(options)} {}

    [[nodiscard]] std::string_view name() const override { return "file"; }
    void write(std::span<const FlowLogRecord> records) override;
    void flush(std::chrono::steady_clock::time_point now) override;
    void close(std::chrono::milliseconds patience) override;
    [[nodiscard]] SinkCounters counters() const override { return counters_; }
    [[nodiscard]] std::string problem() const override {
        return write_problem_.empty() ? rotate_problem_ : write_problem_;
    }

  private:
    void open_if_closed();
    void tell_losses();
    void make_room(std::size_t bytes);
    void rotate();
    Result<void> rename_all();
    void write_lines();
    /// @return how many bytes, all of them in whole lines, are in the file
    std::size_t append(std::string_view lines);
    Result<void> open();
    void note(const Result<void>& outcome, std::string& problem);

    JsonFileOptions options_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;  ///< of the file; 0 after it could not be renamed, until flush()
    std::string lines_;       ///< to be written next
    std::size_t lines_count_ = 0;
    std::uint64_t lost_untold_ = 0;
    /// What the agent's log tells of already; empty: nothing is wrong.
    std::string write_problem_;
    std::string rotate_problem_;
    SinkCounters counters_;
};

}  // namespace tollgate::agent
