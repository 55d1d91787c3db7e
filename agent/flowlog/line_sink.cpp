// SPDX-License-Identifier: MIT
#include "agent/flowlog/line_sink.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace tollgate::agent {

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// What one call may wait for room in the socket.
constexpr Milliseconds kPatience{200};
constexpr Milliseconds kClosingStep{10};

}  // namespace

LineSink::LineSink(Options options, Format format)
    : options_{std::move(options)},
      format_{std::move(format)},
      link_{options_.place, options_.name},
      buffer_{options_.buffer_records} {}

void LineSink::write(std::span<const FlowLogRecord> records) {
    const auto end = Clock::now() + kPatience;
    for (const FlowLogRecord& record : records) {
        if (buffer_.full()) {
            send(end);
        }
        buffer_.push(format_(record));
    }
    send(end);
}

void LineSink::flush(Clock::time_point now) {
    link_.poll(now);
    send(Clock::now() + kPatience);
}

void LineSink::close(Milliseconds patience) {
    const auto end = Clock::now() + patience;
    flush(Clock::now());
    while (counters().waiting > 0 && Clock::now() < end) {
        std::this_thread::sleep_for(kClosingStep);
        flush(Clock::now());
    }
    buffer_.lose_all();
    link_.close();
}

SinkCounters LineSink::counters() const {
    SinkCounters counters = link_.counters();
    counters.lost += buffer_.lost();
    counters.waiting += buffer_.size();
    return counters;
}

void LineSink::send(Clock::time_point end) {
    while (!buffer_.empty() && link_.is_up()) {
        if (buffer_[0].size() > link_.message_limit()) {
            buffer_.lose_front();
            continue;
        }
        const auto left = std::chrono::floor<Milliseconds>(end - Clock::now());
        if (!link_.send(buffer_[0], 1, std::max(left, Milliseconds{0}))) {
            return;
        }
        buffer_.pop_front();
    }
}

}  // namespace tollgate::agent
