// SPDX-License-Identifier: MIT
#include "agent/core/pending_drops.hpp"

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kNow = 100 * TG_SECOND;

tg_report report(std::uint64_t pending, std::uint8_t remote = 1) {
    tg_report made{};
    made.since_ns = kNow - TG_REPORT_NS;
    made.pending = pending;
    made.event.type = TG_EVENT_DROP;
    made.event.time_ns = made.since_ns;
    made.event.packets = 1;
    made.event.key.remote[15] = remote;
    return made;
}

/// What the data path sends for the entry. @param more packets that came to it
tg_event sent(const tg_report& entry, std::uint64_t more = 1) {
    tg_event event = entry.event;
    event.time_ns = kNow;
    event.packets = entry.pending + more;
    return event;
}

class PendingDropsTest : public testing::Test {
  protected:
    /// A round in which nothing is read from the ring.
    std::vector<tg_event> round(const std::vector<tg_report>& held, std::uint64_t now = kNow) {
        auto events = drops.tell(held, now);
        EXPECT_EQ(drops.settle(), 0U);
        return events;
    }

    PendingDrops drops;
    tg_report entry = report(7);
    tg_report other = report(3, 2);
};

TEST_F(PendingDropsTest, TellsOnceOfAnEntryThatStandsStill) {
    EXPECT_THAT(round({entry}), IsEmpty()) << "it may be changing";
    const auto told = round({entry});
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].packets, 7U);
    EXPECT_EQ(told[0].key.remote[15], 1);
    EXPECT_THAT(round({entry}), IsEmpty());
}

TEST_F(PendingDropsTest, LeavesAnEntryAloneThatMayStillGather) {
    round({entry}, kNow - 1);
    EXPECT_THAT(round({entry}, kNow - 1), IsEmpty());
    EXPECT_THAT(round({entry}, kNow), SizeIs(1));
}

TEST_F(PendingDropsTest, HasNothingToTellOfEmptyEntries) {
    round({tg_report{}, report(0)});
    EXPECT_THAT(round({tg_report{}, report(0)}), IsEmpty());
}

TEST_F(PendingDropsTest, TakesWhatWasToldOffTheEventThatSendsIt) {
    round({entry});
    round({entry});
    EXPECT_EQ(drops.news_of(sent(entry)), 1U) << "with the packet that came to it";
    EXPECT_EQ(drops.news_of(sent(entry)), 8U) << "only once";
    EXPECT_THAT(round({report(0)}), IsEmpty());
}

TEST_F(PendingDropsTest, AnEntryThatMakesRoomIsNoNews) {
    round({entry});
    round({entry});
    EXPECT_EQ(drops.news_of(sent(entry, 0)), 0U);
    round({other});
    EXPECT_THAT(round({other}), SizeIs(1));
}

TEST_F(PendingDropsTest, OtherEventsAreAllNews) {
    round({entry});
    round({entry});
    EXPECT_EQ(drops.news_of(sent(other)), 4U);
    EXPECT_EQ(drops.news_of(sent(entry, 2)), 9U) << "gathered by another CPU";
}

TEST_F(PendingDropsTest, WhatWasToldAndThenLostIsCountedOnce) {
    round({entry, other});
    round({entry, other});
    static_cast<void>(drops.tell({report(0), other}, kNow));
    EXPECT_EQ(drops.settle(), 7U);
    EXPECT_EQ(round({report(0), other}).size(), 0U);
}

TEST_F(PendingDropsTest, ALostWouldDropIsNoLostDrop) {
    entry.event.would_drop = 1;
    round({entry});
    round({entry});
    EXPECT_THAT(round({report(0)}), IsEmpty());
}

TEST_F(PendingDropsTest, TwoCpusMayHoldTheSame) {
    round({entry, entry});
    EXPECT_THAT(round({entry, entry}), SizeIs(2));
    static_cast<void>(drops.tell({entry, report(0)}, kNow));
    EXPECT_EQ(drops.news_of(sent(entry)), 1U);
    EXPECT_EQ(drops.settle(), 0U) << "the second was sent";
    static_cast<void>(drops.tell({report(0), report(0)}, kNow));
    EXPECT_EQ(drops.news_of(sent(entry)), 1U);
    EXPECT_EQ(drops.settle(), 0U);
}

}  // namespace
}  // namespace tollgate::agent
