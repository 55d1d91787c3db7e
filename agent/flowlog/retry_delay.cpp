// SPDX-License-Identifier: MIT
#include "agent/flowlog/retry_delay.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::agent {

RetryDelay::RetryDelay(std::chrono::milliseconds least, std::chrono::milliseconds most)
    : least_{least}, most_{most}, current_{least}, random_{std::random_device{}()} {}

std::chrono::milliseconds RetryDelay::next() {
    const auto whole = std::exchange(current_, std::min(current_ * 2, most_));
    std::uniform_int_distribution<std::chrono::milliseconds::rep> left_out{0, whole.count() / 2};
    return whole - std::chrono::milliseconds{left_out(random_)};
}

}  // namespace tollgate::agent
