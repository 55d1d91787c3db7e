// SPDX-License-Identifier: MIT
#include "crypto/tai64n.hpp"

#include <chrono>
#include <random>

#include <gmock/gmock.h>

#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = std::chrono::sys_time<nanoseconds>;

constexpr nanoseconds kStep{1 << 24};

Tai64n stamp_at(nanoseconds since_1970) {
    return Tai64n::from(Time{since_1970});
}

TEST(Tai64n, Is10SecondsAheadAndBigEndian) {
    EXPECT_EQ(test::hex(stamp_at(seconds{0}).bytes), "400000000000000a00000000");
    EXPECT_EQ(test::hex(stamp_at(seconds{0x65000000} + 3 * kStep).bytes),
              "400000006500000a03000000");
}

TEST(Tai64n, IsRoundedDownTo2To24Nanoseconds) {
    EXPECT_EQ(stamp_at(kStep - nanoseconds{1}), stamp_at(nanoseconds{0}));
    EXPECT_GT(stamp_at(kStep), stamp_at(kStep - nanoseconds{1}));
    EXPECT_EQ(test::hex(stamp_at(nanoseconds{999'999'999}).bytes), "400000000000000a3b000000");
}

TEST(Tai64n, LaterIsGreater) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 10000; ++i) {
        const nanoseconds one{static_cast<std::int64_t>(random() >> 2U)};
        const nanoseconds later = one + kStep + nanoseconds{random() % 10'000'000'000};
        ASSERT_LT(stamp_at(one), stamp_at(later)) << one.count() << " " << later.count();
    }
}

TEST(Tai64n, TheNextIsLaterByOneStep) {
    EXPECT_EQ(stamp_at(seconds{5}).next(), stamp_at(seconds{5} + kStep));
    EXPECT_EQ(stamp_at(seconds{5} + 58 * kStep).next(), stamp_at(seconds{5} + 59 * kStep));
    EXPECT_EQ(stamp_at(seconds{5} + 59 * kStep).next(), stamp_at(seconds{6}));  // 60 are > 1 s
}

TEST(Tai64n, TheNextOfOneThatIsNotRoundedIsTheNextRounded) {
    Tai64n odd = stamp_at(seconds{5} + 58 * kStep);
    odd.bytes.back() = std::byte{1};
    EXPECT_EQ(odd.next(), stamp_at(seconds{5} + 59 * kStep));
    odd = stamp_at(seconds{5} + 59 * kStep);
    odd.bytes.back() = std::byte{1};
    EXPECT_EQ(odd.next(), stamp_at(seconds{6}));
}

TEST(Tai64n, TellsTheTimeThatItWasMadeFrom) {
    const Time time{seconds{1'700'000'000} + 17 * kStep};
    EXPECT_EQ(Tai64n::from(time).to_time(), time);
    EXPECT_EQ(Tai64n::from(time + nanoseconds{1}).to_time(), time);
}

TEST(Tai64n, ATimeThatNoClockHereShowsIsTheNearest) {
    EXPECT_EQ(Tai64n{}.to_time(), Time{});
    Tai64n last;
    last.bytes.fill(std::byte{0xff});
    EXPECT_GT(last.to_time(), Time::max() - seconds{10});
}

}  // namespace
}  // namespace tollgate::crypto
