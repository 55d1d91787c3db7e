// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

namespace tollgate::test {

/// Where the random numbers of a test begin: TOLLGATE_SEED, or another each time. Printed, so that
/// a failure can be had again.
inline std::uint64_t seed_of_run() {
    const char* given = std::getenv("TOLLGATE_SEED");
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "TOLLGATE_SEED=" << seed << "\n";
    testing::Test::RecordProperty("seed", std::to_string(seed));
    return seed;
}

}  // namespace tollgate::test
