// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <latch>
#include <optional>
#include <vector>

#include "agent/system/task_queue.hpp"

namespace tollgate::agent {

/// The loops of these queues do nothing as long as this object lives: what is theirs can be read
/// and changed. For a moment only, by a thread that none of them ever waits for.
class Standstill {
  public:
    /// Waits until all stand still.
    explicit Standstill(const std::vector<TaskQueue*>& loops);
    /// Lets them go on.
    ~Standstill();
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;

  private:
    std::latch arrived_;
    std::latch released_{1};
    std::vector<std::future<std::optional<bool>>> passed_;
};

}  // namespace tollgate::agent
