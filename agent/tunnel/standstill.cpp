// SPDX-License-Identifier: MIT
#include "agent/tunnel/standstill.hpp"

#include <cstddef>

namespace tollgate::agent {

Standstill::Standstill(const std::vector<TaskQueue*>& loops)
    : arrived_{static_cast<std::ptrdiff_t>(loops.size())} {
    passed_.reserve(loops.size());
    for (TaskQueue* loop : loops) {
        passed_.push_back(loop->begin([this] {
            arrived_.count_down();
            released_.wait();
            return true;
        }));
    }
    arrived_.wait();
}

// The latches must outlive those that wait for them.
Standstill::~Standstill() {
    released_.count_down();
    for (auto& passed : passed_) {
        passed.wait();
    }
}

}  // namespace tollgate::agent
