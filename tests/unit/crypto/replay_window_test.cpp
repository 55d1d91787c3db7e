// SPDX-License-Identifier: MIT
#include "crypto/replay_window.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>

#include <gmock/gmock.h>

namespace tollgate::crypto {
namespace {

constexpr std::uint64_t kSize = ReplayWindow::kSize;

// The limit of the kernel's and our number of messages under a key; the keypair keeps to it, and
// the window works beyond it.
constexpr std::uint64_t kReject = UINT64_MAX - ReplayWindow::kBits;

// Case W11
TEST(ReplayWindow, AnswersTheSelfTestOfTheKernel) {
    constexpr std::uint64_t kLimit = kSize + 1;
    struct Step {
        std::uint64_t counter;
        bool accepted;
    };
    constexpr std::array kSteps{
        Step{0, true},
        Step{1, true},
        Step{1, false},
        Step{9, true},
        Step{8, true},
        Step{7, true},
        Step{7, false},
        Step{kLimit, true},
        Step{kLimit - 1, true},
        Step{kLimit - 1, false},
        Step{kLimit - 2, true},
        Step{2, true},
        Step{2, false},
        Step{kLimit + 16, true},
        Step{3, false},
        Step{kLimit + 16, false},
        Step{4 * kLimit, true},
        Step{4 * kLimit - (kLimit - 1), true},
        Step{10, false},
        Step{4 * kLimit - kLimit, false},
        Step{4 * kLimit - (kLimit + 1), false},
        Step{4 * kLimit - (kLimit - 2), true},
        Step{4 * kLimit + 1 - kLimit, false},
        Step{0, false},
        Step{kReject - 1, true},
        Step{kReject - 1, false},
        Step{kReject - 2, true},
        Step{kReject - 2, false},
        Step{kReject - 3, true},
        Step{0, false},
    };
    ReplayWindow window;
    for (std::size_t i = 0; i < kSteps.size(); ++i) {
        EXPECT_EQ(window.accept(kSteps[i].counter), kSteps[i].accepted) << "step " << i;
    }
}

/// Accepts all from `first` to `last`, downwards if `last` is less.
ReplayWindow swept(std::uint64_t first, std::uint64_t last) {
    ReplayWindow window;
    EXPECT_TRUE(window.accept(first));
    while (first != last) {
        first = first < last ? first + 1 : first - 1;
        EXPECT_TRUE(window.accept(first)) << first;
    }
    return window;
}

// Case W11
TEST(ReplayWindow, AnswersTheSweepsOfTheKernel) {
    ReplayWindow window = swept(1, kSize);
    EXPECT_TRUE(window.accept(0));
    EXPECT_FALSE(window.accept(0));

    window = swept(2, kSize + 1);
    EXPECT_TRUE(window.accept(1));
    EXPECT_FALSE(window.accept(0));

    swept(kSize, 0);
    window = swept(kSize + 1, 1);
    EXPECT_FALSE(window.accept(0));

    window = swept(kSize, 1);
    EXPECT_TRUE(window.accept(kSize + 1));
    EXPECT_FALSE(window.accept(0));

    window = swept(kSize, 1);
    EXPECT_TRUE(window.accept(0));
    EXPECT_TRUE(window.accept(kSize + 1));
}

TEST(ReplayWindow, TheOldestAcceptedCounterIsExactlySizeBehind) {
    for (const std::uint64_t greatest : {kSize, kSize + 1, kSize + 63, 3 * kSize, kReject}) {
        ReplayWindow window;
        EXPECT_TRUE(window.accept(greatest));
        EXPECT_FALSE(greatest > kSize && window.accept(greatest - kSize - 1)) << greatest;
        EXPECT_TRUE(window.accept(greatest - kSize)) << greatest;
        EXPECT_FALSE(window.accept(greatest - kSize)) << greatest;
        EXPECT_EQ(window.greatest(), greatest);
    }
}

TEST(ReplayWindow, AJumpOfAnyLengthForgetsNothingThatItStillHolds) {
    for (std::uint64_t jump = 1; jump <= 3 * ReplayWindow::kBits; jump += 61) {
        ReplayWindow window;
        EXPECT_TRUE(window.accept(1000));
        EXPECT_TRUE(window.accept(1000 + jump));
        EXPECT_FALSE(window.accept(1000)) << jump;
        EXPECT_EQ(window.accept(1001), jump > 1 && jump - 1 <= kSize) << jump;
    }
}

TEST(ReplayWindow, NoCounterIsAcceptedTwiceUpToTheLast) {
    ReplayWindow window;
    EXPECT_TRUE(window.accept(UINT64_MAX));
    EXPECT_FALSE(window.accept(UINT64_MAX));
    EXPECT_TRUE(window.accept(UINT64_MAX - kSize));
    EXPECT_FALSE(window.accept(UINT64_MAX - kSize - 1));
    EXPECT_FALSE(window.accept(0));
}

TEST(ReplayWindow, AgreesWithASetOfAllThatWasAccepted) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 50; ++round) {
        ReplayWindow window;
        std::set<std::uint64_t> accepted;
        std::uint64_t middle = random() % 10000;
        for (int step = 0; step < 2000; ++step) {
            middle += random() % 64 == 0 ? random() % (2 * ReplayWindow::kBits) : random() % 8;
            const std::uint64_t counter = middle - std::min(middle, random() % (kSize + 200));
            const bool is_too_old = !accepted.empty() && counter + kSize < *accepted.rbegin();
            const bool expected = !is_too_old && !accepted.contains(counter);
            ASSERT_EQ(window.accept(counter), expected) << counter;
            if (expected) {
                accepted.insert(counter);
            }
            ASSERT_EQ(window.greatest(), *accepted.rbegin());
        }
    }
}

}  // namespace
}  // namespace tollgate::crypto
