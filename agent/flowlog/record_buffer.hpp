// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace tollgate::agent {

/// What waits to be sent, one entry for each record; a new one drives out the oldest when it is
/// full.
template <typename Entry>
class RecordBuffer {
  public:
    /// @param limit  entries, at least 1
    explicit RecordBuffer(std::size_t limit) : limit_{limit} {}

    void push(Entry entry) {
        if (full()) {
            lose_front();
        }
        entries_.push_back(std::move(entry));
    }
    [[nodiscard]] bool full() const { return entries_.size() == limit_; }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] const Entry& operator[](std::size_t index) const { return entries_[index]; }
    /// The oldest has been sent.
    void pop_front(std::size_t count = 1) {
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    /// The oldest is given up.
    void lose_front() {
        entries_.pop_front();
        ++lost_;
    }
    void lose_all() {
        lost_ += entries_.size();
        entries_.clear();
    }
    /// Entries that were driven out or given up.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

  private:
    std::size_t limit_;
    std::deque<Entry> entries_;
    std::uint64_t lost_ = 0;
};

}  // namespace tollgate::agent
