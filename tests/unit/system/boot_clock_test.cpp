// SPDX-License-Identifier: MIT
#include "agent/system/boot_clock.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

// Case F16
TEST(BootClock, NeverGoesBack) {
    const auto first = boot_time_ns();
    EXPECT_GE(boot_time_ns(), first);
    EXPECT_GT(first, 0U);
}

TEST(BootClock, TheDifferenceTurnsWallTimeIntoBootTime) {
    const auto converted = wall_time_ns() + boot_minus_wall_ns();
    const auto now = static_cast<std::int64_t>(boot_time_ns());
    EXPECT_LT(std::abs(now - converted), 1'000'000'000);
}

}  // namespace
}  // namespace tollgate::agent
