// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/flowlog/collector_sink.hpp"

namespace tollgate::agent {

/// Sends every record as one message of its own.
class LineSink : public CollectorSink<std::string> {
  public:
    using Format = std::function<std::string(const FlowLogRecord&)>;
    struct Options {
        std::string_view name;  ///< of the sink; lives for ever
        CollectorPlace place;
        std::size_t buffer_records = 0;  ///< that wait; further ones drive out the oldest
    };

    LineSink(Options options, Format format);

    void flush(std::chrono::steady_clock::time_point now) override;

  private:
    [[nodiscard]] std::string entry_of(const FlowLogRecord& record) override;
    void send(Time end) override;

    Format format_;
};

}  // namespace tollgate::agent
