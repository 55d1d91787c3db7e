// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/flowlog/collector_link.hpp"
#include "agent/flowlog/record_buffer.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// A sink whose entries, one for each record, wait in memory for the way to a collector.
template <typename Entry>
class CollectorSink : public FlowLogSink {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Milliseconds = std::chrono::milliseconds;

    [[nodiscard]] std::string_view name() const override { return name_; }

    void write(std::span<const FlowLogRecord> records) override {
        const Time end = std::chrono::steady_clock::now() + kPatience;
        for (const FlowLogRecord& record : records) {
            if (buffer_.full()) {
                send(end);
            }
            buffer_.push(entry_of(record));
        }
        send(end);
    }

    void close(Milliseconds patience) override {
        const Time end = std::chrono::steady_clock::now() + patience;
        flush(std::chrono::steady_clock::now());
        while (counters().waiting > 0 && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(kClosingStep);
            flush(std::chrono::steady_clock::now());
        }
        buffer_.lose_all();
        link_.close();
    }

    [[nodiscard]] SinkCounters counters() const override {
        SinkCounters counters = link_.counters();
        counters.lost += buffer_.lost();
        counters.waiting += buffer_.size();
        return counters;
    }

    [[nodiscard]] std::string problem() const override { return link_.problem(); }

  protected:
    /// What one call may wait for room in the socket.
    static constexpr Milliseconds kPatience{200};

    /// @param name  lives for ever @param buffer_records  that wait; further ones drive out the
    /// oldest
    CollectorSink(std::string_view name, CollectorPlace place, std::size_t buffer_records)
        : name_{name}, link_{std::move(place), name}, buffer_{buffer_records} {}

    [[nodiscard]] virtual Entry entry_of(const FlowLogRecord& record) = 0;
    /// Sends what waits and what the link takes until `end`.
    virtual void send(Time end) = 0;

    [[nodiscard]] static Milliseconds left_until(Time end) {
        const auto left = std::chrono::floor<Milliseconds>(end - std::chrono::steady_clock::now());
        return std::max(left, Milliseconds{0});
    }

    [[nodiscard]] CollectorLink& link() { return link_; }
    [[nodiscard]] const CollectorLink& link() const { return link_; }
    [[nodiscard]] RecordBuffer<Entry>& buffer() { return buffer_; }

  private:
    static constexpr Milliseconds kClosingStep{10};

    std::string_view name_;
    CollectorLink link_;
    RecordBuffer<Entry> buffer_;
};

}  // namespace tollgate::agent
