// SPDX-License-Identifier: MIT
#include "agent/flowlog/batch_store.hpp"

#include <utility>

namespace tollgate::agent {

BatchStore::BatchStore(std::optional<Spool> spool, std::size_t memory_bytes)
    : spool_{std::move(spool)}, memory_limit_{memory_bytes} {}

void BatchStore::push(Batch batch) {
    if (spool_ && !spool_->empty()) {
        return append(batch);
    }
    if (spool_ && memory_bytes_ + batch.body.size() > memory_limit_) {
        move_to_spool();
        return append(batch);
    }
    memory_bytes_ += batch.body.size();
    memory_.push_back(std::move(batch));
    while (memory_bytes_ > memory_limit_ && memory_.size() > 1) {
        lose_oldest_in_memory();
    }
}

std::optional<Batch> BatchStore::take() {
    if (taken_) {
        return std::nullopt;
    }
    if (spool_) {
        if (auto batch = spool_->front()) {
            taken_ = Taken{*batch, true, spool_->dropped_files()};
            return batch;
        }
    }
    if (memory_.empty()) {
        return std::nullopt;
    }
    taken_ = Taken{std::move(memory_.front()), false, 0};
    memory_.pop_front();
    memory_bytes_ -= taken_->batch.body.size();
    return taken_->batch;
}

void BatchStore::written() {
    counters_.written += taken_->batch.records;
    finish();
}

void BatchStore::lost() {
    counters_.lost += taken_->batch.records;
    finish();
}

void BatchStore::put_back() {
    Taken taken = std::move(*taken_);
    taken_.reset();
    if (taken.from_spool) {
        return;
    }
    memory_bytes_ += taken.batch.body.size();
    memory_.push_front(std::move(taken.batch));
    if (spool_) {
        move_to_spool();
    }
}

void BatchStore::keep() {
    if (taken_) {
        put_back();
    }
    if (spool_) {
        return move_to_spool();
    }
    while (!memory_.empty()) {
        lose_oldest_in_memory();
    }
}

SinkCounters BatchStore::counters() const {
    SinkCounters counters = counters_;
    for (const Batch& batch : memory_) {
        counters.waiting += batch.records;
    }
    if (spool_) {
        counters.waiting += spool_->records();
        counters.lost += spool_->lost();
    }
    if (taken_ && !taken_->from_spool) {
        counters.waiting += taken_->batch.records;
    } else if (taken_ && !is_in_spool(*taken_)) {
        // The spool has dropped it, but it may still arrive.
        counters.waiting += taken_->batch.records;
        counters.lost -= taken_->batch.records;
    }
    return counters;
}

void BatchStore::append(const Batch& batch) {
    if (!spool_->append(batch)) {
        ++counters_.errors;
        counters_.lost += batch.records;
    }
}

void BatchStore::move_to_spool() {
    while (!memory_.empty()) {
        append(memory_.front());
        memory_bytes_ -= memory_.front().body.size();
        memory_.pop_front();
    }
}

bool BatchStore::is_in_spool(const Taken& taken) const {
    return taken.from_spool && spool_->dropped_files() == taken.dropped_files;
}

void BatchStore::lose_oldest_in_memory() {
    counters_.lost += memory_.front().records;
    memory_bytes_ -= memory_.front().body.size();
    memory_.pop_front();
}

void BatchStore::finish() {
    if (is_in_spool(*taken_)) {
        spool_->pop_front();
    } else if (taken_->from_spool) {
        counters_.lost -= taken_->batch.records;  // the spool counts it
    }
    taken_.reset();
}

}  // namespace tollgate::agent
