// SPDX-License-Identifier: MIT
#include "agent/system/boot_clock.hpp"

#include <ctime>

namespace tollgate::agent {

namespace {

std::int64_t now_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::uint64_t boot_time_ns() {
    return static_cast<std::uint64_t>(now_ns(CLOCK_BOOTTIME));
}

std::int64_t wall_time_ns() {
    return now_ns(CLOCK_REALTIME);
}

std::int64_t boot_minus_wall_ns() {
    return now_ns(CLOCK_BOOTTIME) - now_ns(CLOCK_REALTIME);
}

}  // namespace tollgate::agent
