// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "agent/datapath/gate.hpp"

namespace tollgate::agent {

/// What was thrown out of a table since it was first looked at: never too much, never less than
/// before, and exact when nothing came or went while it was looked at.
class EvictionCount {
  public:
    [[nodiscard]] std::uint64_t see(const Gate::EvictionBounds& bounds) {
        if (!first_) {
            first_ = bounds.at_most;
        }
        const std::int64_t since = std::max<std::int64_t>(bounds.at_least - *first_, 0);
        told_ = std::max(told_, static_cast<std::uint64_t>(since));
        return told_;
    }

  private:
    std::optional<std::int64_t> first_;
    std::uint64_t told_ = 0;
};

}  // namespace tollgate::agent
