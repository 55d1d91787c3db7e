// SPDX-License-Identifier: MIT
#include "policy/readiness.hpp"

#include <gtest/gtest.h>

namespace {

using tollgate::policy::estimate_readiness;
using tollgate::policy::HoursOfWeek;

HoursOfWeek whole_week() {
    return HoursOfWeek().set();
}

TEST(Readiness, IsZeroBeforeAnythingWasSeen) {
    const auto readiness = estimate_readiness(0, 0, {});
    EXPECT_EQ(readiness.percent, 0);
    EXPECT_DOUBLE_EQ(readiness.novelty, 1);
    EXPECT_EQ(readiness.text, "nothing seen yet");
}

TEST(Readiness, NoveltyIsTheShareOfWhatWasSeenOnce) {
    EXPECT_DOUBLE_EQ(estimate_readiness(4, 99, {}).novelty, 0.05);
}

TEST(Readiness, IsNearAHundredAfterAWeekWithoutNews) {
    EXPECT_EQ(estimate_readiness(0, 9999, whole_week()).percent, 100);
}

TEST(Readiness, RepetitionWithoutTimeIsWorthHalf) {
    EXPECT_EQ(estimate_readiness(0, 99999, {}).percent, 50);
}

TEST(Readiness, TimeWithoutRepetitionIsWorthNothing) {
    EXPECT_EQ(estimate_readiness(50, 100, whole_week()).percent, 0);
}

TEST(Readiness, SaysWhatItIsMadeOf) {
    HoursOfWeek hours;
    hours.set(3).set(4);
    EXPECT_EQ(estimate_readiness(1, 199, hours).text,
              "about 1.0 % of new flows would be of an unseen service (1 seen once in 199 "
              "observations); 2 of 168 hours of the week watched");
}

}  // namespace
