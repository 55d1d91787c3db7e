// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using Secret32 = Secret<32>;

static_assert(!std::is_copy_constructible_v<Secret32> && !std::is_copy_assignable_v<Secret32>);

Secret32 filled(std::byte byte) {
    Secret32 secret;
    std::fill(secret.bytes().begin(), secret.bytes().end(), byte);
    return secret;
}

TEST(Secret, IsZeroAtFirst) {
    EXPECT_TRUE(Secret32{}.is_zero());
    EXPECT_FALSE(filled(std::byte{1}).is_zero());
}

// Case S10
TEST(Secret, LeavesNothingInMemoryThatItGivesUp) {
    constexpr std::size_t kLink = sizeof(void*);  // of the list of free slots
    std::span<const std::byte> slot;
    {
        const Secret32 secret = filled(std::byte{0xa5});
        slot = secret.bytes();
    }
    EXPECT_THAT(slot.subspan(kLink), testing::Each(std::byte{0}));
    EXPECT_THAT(slot.first(kLink), testing::Not(testing::Each(std::byte{0xa5})));
}

TEST(Secret, ASlotThatIsUsedAgainIsZero) {
    const std::byte* slot = nullptr;
    {
        const Secret32 secret = filled(std::byte{0xff});
        slot = secret.bytes().data();
    }
    const Secret32 next;
    ASSERT_EQ(next.bytes().data(), slot);
    EXPECT_THAT(next.bytes(), testing::Each(std::byte{0}));
}

TEST(Secret, MovesItsBytesAndNoCopyStaysBehind) {
    Secret32 from = filled(std::byte{7});
    const std::byte* const slot = from.bytes().data();
    Secret32 to{std::move(from)};
    EXPECT_EQ(to.bytes().data(), slot);

    Secret32 assigned = filled(std::byte{8});
    assigned = std::move(to);
    EXPECT_EQ(assigned.bytes().data(), slot);
    EXPECT_EQ(assigned, filled(std::byte{7}));
}

TEST(Secret, AClonesBytesAreItsOwn) {
    Secret32 original = filled(std::byte{7});
    const Secret32 clone = original.clone();
    EXPECT_EQ(clone, original);
    original.wipe();
    EXPECT_TRUE(original.is_zero());
    EXPECT_EQ(clone, filled(std::byte{7}));
}

TEST(Secret, ComparesEveryByte) {
    const Secret32 zero;
    for (std::size_t i = 0; i < 32; ++i) {
        Secret32 other;
        other.bytes()[i] = std::byte{1};
        EXPECT_FALSE(other == zero) << i;
    }
    EXPECT_TRUE(Secret32{} == zero);
}

TEST(Secret, ThousandsHaveTheirOwnMemory) {
    std::vector<Secret32> secrets(5000);  // more than two chunks
    std::set<std::uintptr_t> slots;
    for (const Secret32& secret : secrets) {
        slots.insert(reinterpret_cast<std::uintptr_t>(secret.bytes().data()));
        ASSERT_TRUE(secret.is_zero());
    }
    EXPECT_EQ(slots.size(), secrets.size());
    std::uintptr_t last = 0;
    for (const std::uintptr_t slot : slots) {
        ASSERT_GE(slot - last, kSecretSlotSize);
        last = slot;
    }
}

TEST(Secret, ThreadsNeverShareASlot) {
    const auto work = [](std::byte mark) {
        for (int i = 0; i < 20000; ++i) {
            const Secret32 secret = filled(mark);
            ASSERT_THAT(secret.bytes(), testing::Each(mark));
        }
    };
    std::thread other{work, std::byte{1}};
    work(std::byte{2});
    other.join();
}

}  // namespace
}  // namespace tollgate::crypto
