// SPDX-License-Identifier: MIT
#include "agent/flowlog/late_sink.hpp"

#include <utility>
#include <vector>

#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLastRetry{30};

}  // namespace

LateSink::LateSink(std::string_view name, std::function<Made()> make)
    : name_{name}, make_{std::move(make)}, delay_{kFirstRetry, kLastRetry} {
    try_to_make(std::chrono::steady_clock::now());
}

void LateSink::write(std::span<const FlowLogRecord> records) {
    if (sink_) {
        return sink_->write(records);
    }
    for (const FlowLogRecord& record : records) {
        buffer_.push(record);
    }
}

void LateSink::flush(std::chrono::steady_clock::time_point now) {
    if (!sink_ && now >= retry_at_) {
        try_to_make(now);
    }
    if (sink_) {
        sink_->flush(now);
    }
}

void LateSink::close(std::chrono::milliseconds patience) {
    if (sink_) {
        return sink_->close(patience);
    }
    buffer_.lose_all();
}

SinkCounters LateSink::counters() const {
    SinkCounters counters = sink_ ? sink_->counters() : SinkCounters{};
    counters.lost += buffer_.lost();
    counters.waiting += buffer_.size();
    counters.errors += errors_;
    return counters;
}

std::string LateSink::problem() const {
    return sink_ ? sink_->problem() : problem_;
}

void LateSink::try_to_make(std::chrono::steady_clock::time_point now) {
    Made made = make_();
    if (made) {
        sink_ = std::move(*made);
        return hand_over();
    }
    ++errors_;
    retry_at_ = now + delay_.next();
    if (std::string why = made.error().message(); why != problem_) {
        problem_ = std::move(why);
        log(LogLevel::error, "flow_log.failed", {{"sink", name_}, {"error", problem_}});
    }
}

void LateSink::hand_over() {
    std::vector<FlowLogRecord> records;
    for (std::size_t i = 0; i < buffer_.size(); ++i) {
        records.push_back(buffer_[i]);
    }
    buffer_.pop_front(buffer_.size());
    sink_->write(records);
    if (!problem_.empty()) {
        log(LogLevel::info, "flow_log.recovered", {{"sink", name_}, {"lost", buffer_.lost()}});
    }
}

}  // namespace tollgate::agent
