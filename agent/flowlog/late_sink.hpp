// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/flowlog/record_buffer.hpp"
#include "agent/flowlog/retry_delay.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// A sink that needs files which may not be there yet, or not be right. It is made at once if that
/// can be, else tried again after a second, at last every half minute; until then the latest
/// records wait. The agent's log tells why.
class LateSink : public FlowLogSink {
  public:
    using Made = Result<std::unique_ptr<FlowLogSink>>;
    static constexpr std::size_t kRecordsMax = 4096;  ///< that wait; older ones are lost

    /// @param name  of the sink; lives for ever
    LateSink(std::string_view name, std::function<Made()> make);

    [[nodiscard]] std::string_view name() const override { return name_; }
    void write(std::span<const FlowLogRecord> records) override;
    void flush(std::chrono::steady_clock::time_point now) override;
    void close(std::chrono::milliseconds patience) override;
    [[nodiscard]] SinkCounters counters() const override;
    [[nodiscard]] std::string problem() const override;

  private:
    void try_to_make(std::chrono::steady_clock::time_point now);
    void hand_over();

    std::string_view name_;
    std::function<Made()> make_;
    std::unique_ptr<FlowLogSink> sink_;  ///< null: it could not be made yet
    std::string problem_;                ///< why not
    RecordBuffer<FlowLogRecord> buffer_{kRecordsMax};
    RetryDelay delay_;
    std::chrono::steady_clock::time_point retry_at_{};
    std::uint64_t errors_ = 0;
};

}  // namespace tollgate::agent
