// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/tunnel/tunnel_gate.hpp"

namespace tollgate::agent {

/// The interfaces that the gate protects now, for whoever wants to know. Thread-safe.
class InterfaceBoard {
  public:
    void set(std::vector<GateInterface> interfaces) {
        const std::lock_guard lock{mutex_};
        if (interfaces != interfaces_) {
            interfaces_ = std::move(interfaces);
            ++version_;
        }
    }
    [[nodiscard]] std::vector<GateInterface> get() const {
        const std::lock_guard lock{mutex_};
        return interfaces_;
    }
    /// Changes with them; costs next to nothing.
    [[nodiscard]] std::uint64_t version() const { return version_; }

  private:
    std::atomic<std::uint64_t> version_{0};
    mutable std::mutex mutex_;
    std::vector<GateInterface> interfaces_;
};

}  // namespace tollgate::agent
