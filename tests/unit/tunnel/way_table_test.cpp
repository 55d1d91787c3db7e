// SPDX-License-Identifier: MIT
#include "agent/tunnel/way_table.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

using namespace std::chrono_literals;

WayKey to(unsigned number) {
    WayKey key;
    key.address = *IpAddress::parse("192.0.2.0");
    key.address.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
    key.address.bytes[15] = static_cast<std::uint8_t>(number);
    return key;
}

KnownWay by(unsigned interface, const char* next_hop = "192.0.2.254") {
    KnownWay known;
    known.interface = interface;
    known.next_hop = *IpAddress::parse(next_hop);
    return known;
}

TEST(WayTable, KnowsWhatWasPutInForTenSeconds) {
    WayTable table;
    EXPECT_EQ(table.find(to(1), 5s), nullptr);
    table.put(to(1), by(3), 5s);
    ASSERT_NE(table.find(to(1), 15s - 1ns), nullptr);
    EXPECT_EQ(table.find(to(1), 15s - 1ns)->interface, 3U);
    EXPECT_EQ(table.find(to(1), 15s), nullptr);
    table.put(to(1), by(4), 15s);
    ASSERT_NE(table.find(to(1), 16s), nullptr);
    EXPECT_EQ(table.find(to(1), 16s)->interface, 4U);
}

TEST(WayTable, OurOwnAddressAndTheScopeBelongToTheKey) {
    WayTable table;
    table.put(to(1), by(3), 0s);
    WayKey other = to(1);
    other.local = *IpAddress::parse("192.0.2.9");
    EXPECT_EQ(table.find(other, 0s), nullptr);
    other = to(1);
    other.scope = 2;
    EXPECT_EQ(table.find(other, 0s), nullptr);
}

TEST(WayTable, IsBoundedAndForgetsTheOldestOfASet) {
    WayTable table;
    constexpr unsigned kAll = 4096;
    for (unsigned i = 0; i < kAll; ++i) {
        table.put(to(i), by(3), std::chrono::milliseconds{i});
        ASSERT_NE(table.find(to(i), 4096ms), nullptr);
    }
    unsigned known = 0;
    for (unsigned i = 0; i < kAll; ++i) {
        known += table.find(to(i), 4096ms) != nullptr ? 1 : 0;
    }
    EXPECT_EQ(known, WayTable::kSets * WayTable::kWaysMax);
    EXPECT_EQ(table.find(to(0), 4096ms), nullptr);
    EXPECT_NE(table.find(to(kAll - 1), 4096ms), nullptr);
}

TEST(WayTable, NewsOfANeighbourEndTheWaysByWayOfIt) {
    WayTable table;
    table.put(to(1), by(3, "192.0.2.254"), 0s);
    table.put(to(2), by(3, "192.0.2.253"), 0s);
    table.put(to(3), by(4, "192.0.2.254"), 0s);
    table.put(to(4), by(0, "192.0.2.254"), 0s);  // not found so far, so the news may be of it
    table.forget_neighbour(3, *IpAddress::parse("192.0.2.254"));
    EXPECT_EQ(table.find(to(1), 0s), nullptr);
    EXPECT_NE(table.find(to(2), 0s), nullptr);
    EXPECT_NE(table.find(to(3), 0s), nullptr);
    EXPECT_EQ(table.find(to(4), 0s), nullptr);
    table.clear();
    EXPECT_EQ(table.find(to(2), 0s), nullptr);
}

}  // namespace
}  // namespace tollgate::agent
