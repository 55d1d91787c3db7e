// SPDX-License-Identifier: MIT
#include "agent/core/eviction_count.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

TEST(EvictionCount, BeginsAtNothingWhateverWasBefore) {
    EvictionCount count;
    EXPECT_EQ(count.see({-40, -40}), 0U);  // flows that were restored
    EXPECT_EQ(count.see({-33, -33}), 7U);
}

TEST(EvictionCount, NeverCountsWhatMayNotHaveBeen) {
    EvictionCount count;
    EXPECT_EQ(count.see({100, 120}), 0U);
    EXPECT_EQ(count.see({118, 130}), 0U);
    EXPECT_EQ(count.see({125, 140}), 5U);
}

TEST(EvictionCount, NeverGoesBack) {
    EvictionCount count;
    EXPECT_EQ(count.see({0, 0}), 0U);
    EXPECT_EQ(count.see({50, 90}), 50U);
    EXPECT_EQ(count.see({45, 95}), 50U);
}

}  // namespace
}  // namespace tollgate::agent
