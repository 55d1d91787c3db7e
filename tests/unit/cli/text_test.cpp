// SPDX-License-Identifier: MIT
#include "agent/cli/text.hpp"

#include <gtest/gtest.h>

namespace tollgate::cli {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{seconds{1795262400}};  // 2026-11-21T12:00:00Z

// Case C04
TEST(Printable, LeavesNothingThatATerminalObeys) {
    EXPECT_EQ(printable("a\033[31mb"), "a?[31mb");
    EXPECT_EQ(printable("a\177b\001"), "a?b?");
    EXPECT_EQ(printable("a\tb\nc\r"), "a b c?");
    EXPECT_EQ(printable("a\302\233b"), "a?b");  // CSI in one character, U+009B
}

TEST(Printable, KeepsUtf8) {
    EXPECT_EQ(printable("größe …"), "größe …");
}

TEST(Columns, CountsCodePointsNotBytes) {
    EXPECT_EQ(columns("größe"), 5U);
    EXPECT_EQ(columns(""), 0U);
}

TEST(Shortened, KeepsTheEnd) {
    EXPECT_EQ(shortened("cdn.example.net", 15), "cdn.example.net");
    EXPECT_EQ(shortened("cdn.example.net", 14), "…n.example.net");
    EXPECT_EQ(columns(shortened("äöüäöüäöü", 4)), 4U);
}

TEST(Wrapped, BreaksAtSpacesOnly) {
    const std::vector<std::string> expected{"one two", "three", "fourfourfour", "five"};
    EXPECT_EQ(wrapped("one two three fourfourfour five", 8), expected);
}

TEST(CountText, IsExactBelowTenThousand) {
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(9999), "9999");
    EXPECT_EQ(count_text(10000), "10.0k");
    EXPECT_EQ(count_text(999949), "999.9k");
    EXPECT_EQ(count_text(999999), "1.0M");
    EXPECT_EQ(count_text(18446744073709551615U), "18446.7P");
}

TEST(DurationText, UsesTheUnitThatMatters) {
    EXPECT_EQ(duration_text(seconds{0}), "0s");
    EXPECT_EQ(duration_text(seconds{59}), "59s");
    EXPECT_EQ(duration_text(seconds{60}), "1m");
    EXPECT_EQ(duration_text(seconds{100}), "1m 40s");
    EXPECT_EQ(duration_text(seconds{601}), "10m");
    EXPECT_EQ(duration_text(seconds{7199}), "119m");
    EXPECT_EQ(duration_text(seconds{7200}), "2h");
    EXPECT_EQ(duration_text(seconds{172799}), "47h");
    EXPECT_EQ(duration_text(seconds{172800}), "2d");
}

TEST(Ago, SpeaksOfPastPresentAndFuture) {
    EXPECT_EQ(ago(kNow, kNow), "now");
    EXPECT_EQ(ago(kNow - seconds{2}, kNow), "2s ago");
    EXPECT_EQ(ago(kNow - seconds{200}, kNow), "3m ago");
    EXPECT_EQ(ago(kNow - seconds{93600}, kNow), "26h ago");
    EXPECT_EQ(ago(kNow + seconds{100}, kNow), "in 1m 40s");
    EXPECT_EQ(ago(kNow - seconds{366 * 86400}, kNow), "366d ago");
    EXPECT_EQ(ago(kNow - seconds{367 * 86400}, kNow), "2025-11-19");
}

TEST(ParseTime, ReadsWhatTheControlApiWrites) {
    EXPECT_EQ(parse_time("2026-11-21T12:00:00Z"), kNow);
    EXPECT_EQ(parse_time("2026-11-21T12:00:00.5Z"), kNow);
}

TEST(ParseTime, GoesOnAfter2038) {
    EXPECT_EQ(parse_time("2040-01-02T03:04:05Z"), WallTime{seconds{2209086245}});
}

TEST(ParseTime, RefusesEverythingElse) {
    for (const char* text : {"",
                             "Z",
                             "2026-11-21",
                             "2026-11-21T12:00:00",
                             "2026-11-21T12:00:00+01:00",
                             "2026-13-21T12:00:00Z",
                             "x026-11-21T12:00:00Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

TEST(ParseDuration, AddsUnits) {
    EXPECT_EQ(parse_duration("90"), seconds{90});
    EXPECT_EQ(parse_duration("90s"), seconds{90});
    EXPECT_EQ(parse_duration("2m"), seconds{120});
    EXPECT_EQ(parse_duration("1h30m"), seconds{5400});
    EXPECT_EQ(parse_duration("7d"), seconds{604800});
}

TEST(ParseDuration, RefusesWhatIsNone) {
    for (const char* text :
         {"", "m", "-1m", "2 m", "2x", "1.5h", "367d", "99999999999999999999s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

}  // namespace
}  // namespace tollgate::cli
