// SPDX-License-Identifier: MIT
#include "agent/flowlog/flow_log.hpp"

#include <csignal>
#include <utility>

#include <pthread.h>

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kFlushInterval{1};
constexpr std::size_t kRecordsKept = 4096;  // room that a batch keeps for the next one

// Those are the loop's; a write to a pipe or socket that nobody reads any more fails with EPIPE.
void refuse_signals() {
    sigset_t all{};
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void empty(std::vector<FlowLogRecord>& batch) {
    if (batch.capacity() > kRecordsKept) {
        batch = {};
    } else {
        batch.clear();
    }
}

FlowLogRecord record_of_lost(std::uint64_t records) {
    FlowLogRecord record;
    record.type = FlowLogType::lost;
    record.flow.last_seen =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    record.losses.records = records;
    return record;
}

}  // namespace

FlowLog::FlowLog(std::vector<std::unique_ptr<FlowLogSink>> sinks, std::size_t records_max)
    : sinks_{std::move(sinks)}, records_max_{records_max} {
    for (const auto& sink : sinks_) {
        counters_.sinks.push_back({std::string{sink->name()}, sink->counters(), sink->problem()});
    }
    thread_ = std::thread{[this] {
        run();
    }};
    ::pthread_setname_np(thread_.native_handle(), "flow-log");
}

FlowLog::~FlowLog() {
    stop(std::chrono::seconds{1});
}

void FlowLog::put(FlowLogRecord record) {
    bool is_first = false;
    {
        const std::lock_guard lock{mutex_};
        ++counters_.handed;
        if (counters_.waiting >= records_max_) {
            ++counters_.lost;
            return;
        }
        ++counters_.waiting;
        is_first = queue_.empty();
        queue_.push_back(std::move(record));
    }
    if (is_first) {
        news_.notify_one();
    }
}

void FlowLog::stop(std::chrono::milliseconds patience) {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        patience_ = patience;
    }
    news_.notify_one();
    thread_.join();
}

FlowLogCounters FlowLog::counters() const {
    const std::lock_guard lock{mutex_};
    return counters_;
}

bool FlowLog::take(std::vector<FlowLogRecord>& batch, Time deadline) {
    std::unique_lock lock{mutex_};
    news_.wait_until(lock, deadline, [this] { return stopping_ || !queue_.empty(); });
    batch.swap(queue_);
    const std::uint64_t lost = counters_.lost - lost_told_;
    if (lost > 0) {
        lost_told_ = counters_.lost;
        batch.push_back(record_of_lost(lost));
        ++counters_.handed;
        ++counters_.waiting;
    }
    return !stopping_ || !batch.empty();
}

void FlowLog::note_counters(std::size_t done) {
    const std::lock_guard lock{mutex_};
    counters_.waiting -= done;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
        counters_.sinks[i].counters = sinks_[i]->counters();
        counters_.sinks[i].problem = sinks_[i]->problem();
    }
}

void FlowLog::run() {
    refuse_signals();
    std::vector<FlowLogRecord> batch;
    Time flush_at = std::chrono::steady_clock::now() + kFlushInterval;
    while (take(batch, flush_at)) {
        for (const auto& sink : sinks_) {
            sink->write(batch);
        }
        const Time now = std::chrono::steady_clock::now();
        if (now >= flush_at) {
            flush_at = now + kFlushInterval;
            for (const auto& sink : sinks_) {
                sink->flush(now);
            }
        }
        note_counters(batch.size());
        empty(batch);
    }
    for (const auto& sink : sinks_) {
        sink->close(patience_);
    }
    note_counters(0);
}

}  // namespace tollgate::agent
