// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "agent/system/clock.hpp"

namespace tollgate::agent {

/// Gives back the memory that only starting needed, because boards have little: free heap, and the
/// pages of code and constants of the program and its libraries. What is used again comes back from
/// the page cache, by a page fault.
void give_back_startup_memory();

/// Does it once more when the start is over: what was asked for is in force, tunnels had their
/// first handshake, and whoever waited for it has asked.
class StartupMemory {
  public:
    static constexpr std::uint64_t kStartNs = 5'000'000'000;

    /// The start begins now. @param clock  outlives this
    explicit StartupMemory(const Clock& clock) : clock_{clock}, begin_ns_{clock.boot_ns()} {}

    /// To be called every now and then. @return whether it was given back by this call
    bool tick();

  private:
    const Clock& clock_;
    std::uint64_t begin_ns_;
    bool is_given_back_ = false;
};

}  // namespace tollgate::agent
