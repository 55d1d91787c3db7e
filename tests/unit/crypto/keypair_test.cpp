// SPDX-License-Identifier: MIT
#include "crypto/keypair.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <gmock/gmock.h>

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using crypto::Instant;
using crypto::Keypair;
using crypto::Keypairs;
using crypto::kRejectAfterMessages;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr Instant kBorn = 1'000s;

std::unique_ptr<Keypair> keypair(std::uint32_t local_index, bool is_initiator) {
    crypto::TransportSecrets secrets;
    secrets.local_index = local_index;
    secrets.is_initiator = is_initiator;
    return std::make_unique<Keypair>(std::move(secrets), kBorn);
}

/// A peer's keypairs; numbers are local indices.
class Rotation : public testing::Test {
  protected:
    void initiated(std::uint32_t index) { keypairs.add(keypair(index, true)); }
    void responded(std::uint32_t index) { keypairs.add(keypair(index, false)); }
    bool confirm(std::uint32_t index) { return keypairs.confirm(*keypairs.find(index)); }
    std::uint32_t current() { return keypairs.current()->secrets.local_index; }
    /// Those of 1 to 9 that are held.
    std::vector<std::uint32_t> held() {
        std::vector<std::uint32_t> indices;
        for (std::uint32_t index = 1; index < 10; ++index) {
            if (keypairs.find(index) != nullptr) {
                indices.push_back(index);
            }
        }
        return indices;
    }

    std::vector<std::uint32_t> forgotten;
    Keypairs keypairs{[this](std::uint32_t index) {
        forgotten.push_back(index);
    }};
};

TEST_F(Rotation, BeginsEmpty) {
    EXPECT_TRUE(keypairs.empty());
    EXPECT_EQ(keypairs.current(), nullptr);
    EXPECT_EQ(keypairs.find(0), nullptr);
}

TEST_F(Rotation, TheInitiatorSendsUnderItsNewKeypairAtOnce) {
    initiated(1);
    EXPECT_EQ(current(), 1U);
    EXPECT_FALSE(keypairs.empty());
}

TEST_F(Rotation, TheInitiatorKeepsOneKeypairBefore) {
    initiated(1);
    initiated(2);
    EXPECT_EQ(current(), 2U);
    EXPECT_THAT(held(), ElementsAre(1, 2));
    initiated(3);
    EXPECT_EQ(current(), 3U);
    EXPECT_THAT(held(), ElementsAre(2, 3));
    EXPECT_THAT(forgotten, ElementsAre(1));
}

// Case W16
TEST_F(Rotation, TheResponderDoesNotSendBeforeTheInitiatorDid) {
    responded(1);
    EXPECT_EQ(keypairs.current(), nullptr);
    EXPECT_THAT(held(), ElementsAre(1));
    EXPECT_FALSE(keypairs.empty());
    EXPECT_TRUE(confirm(1));
    EXPECT_EQ(current(), 1U);
}

TEST_F(Rotation, TheResponderSendsUnderItsOldKeypairUntilTheNewIsConfirmed) {
    initiated(1);
    responded(2);
    EXPECT_EQ(current(), 1U);
    EXPECT_TRUE(confirm(2));
    EXPECT_EQ(current(), 2U);
    EXPECT_THAT(held(), ElementsAre(1, 2));
    EXPECT_THAT(forgotten, IsEmpty());
}

TEST_F(Rotation, AnAnswerDropsThePreviousKeypair) {
    initiated(1);
    initiated(2);
    responded(3);
    EXPECT_EQ(current(), 2U);
    EXPECT_THAT(held(), ElementsAre(2, 3));
    EXPECT_THAT(forgotten, ElementsAre(1));
}

TEST_F(Rotation, AnAnswerReplacesOneThatWasNeverConfirmed) {
    initiated(1);
    responded(2);
    responded(3);
    EXPECT_THAT(held(), ElementsAre(1, 3));
    EXPECT_THAT(forgotten, ElementsAre(2));
    EXPECT_TRUE(confirm(3));
    EXPECT_EQ(current(), 3U);
}

TEST_F(Rotation, ConfirmingKeepsTheCurrentKeypairAsPrevious) {
    responded(1);
    confirm(1);
    responded(2);
    confirm(2);
    responded(3);
    EXPECT_THAT(forgotten, ElementsAre(1));
    confirm(3);
    EXPECT_THAT(held(), ElementsAre(2, 3));
    EXPECT_EQ(current(), 3U);
}

TEST_F(Rotation, OnlyTheNextKeypairCanBeConfirmed) {
    initiated(1);
    responded(2);
    initiated(3);
    EXPECT_FALSE(confirm(2));
    EXPECT_FALSE(confirm(3));
    responded(4);
    EXPECT_FALSE(confirm(3));
    EXPECT_FALSE(keypairs.confirm(*keypair(4, false)));
    EXPECT_EQ(current(), 3U);
    EXPECT_THAT(held(), ElementsAre(3, 4));
}

TEST_F(Rotation, AKeypairIsConfirmedOnce) {
    responded(1);
    EXPECT_TRUE(confirm(1));
    EXPECT_FALSE(confirm(1));
    EXPECT_EQ(current(), 1U);
}

TEST_F(Rotation, AnInitiatorWithANextKeypairKeepsItInsteadOfItsCurrentOne) {
    initiated(1);
    responded(2);
    initiated(3);
    EXPECT_EQ(current(), 3U);
    EXPECT_THAT(held(), ElementsAre(2, 3));
    EXPECT_THAT(forgotten, ElementsAre(1));
    EXPECT_FALSE(confirm(2));
    EXPECT_EQ(current(), 3U);
}

TEST_F(Rotation, ClearForgetsAll) {
    initiated(1);
    initiated(2);
    responded(3);
    initiated(4);
    responded(5);
    forgotten.clear();
    keypairs.clear();
    EXPECT_THAT(forgotten, testing::UnorderedElementsAre(4, 5));
    EXPECT_TRUE(keypairs.empty());
    EXPECT_EQ(keypairs.current(), nullptr);
}

TEST(Keypairs, AreForgottenWithTheirPeer) {
    std::vector<std::uint32_t> forgotten;
    {
        Keypairs keypairs{[&](std::uint32_t index) {
            forgotten.push_back(index);
        }};
        keypairs.add(keypair(1, true));
        keypairs.add(keypair(2, true));
    }
    EXPECT_THAT(forgotten, ElementsAre(1, 2));
}

// Case W14
TEST(Keypair, ExpiresAtRejectAfterTime) {
    const auto young = keypair(1, true);
    EXPECT_FALSE(young->is_expired(kBorn));
    EXPECT_FALSE(young->is_expired(kBorn + 180s - 1ns));
    EXPECT_TRUE(young->is_expired(kBorn + 180s));
}

TEST(Keypair, CountersComeInVectorsWithoutGaps) {
    const auto counting = keypair(1, true);
    EXPECT_THAT(counting->take_counters(1, kBorn), Optional(0U));
    EXPECT_THAT(counting->take_counters(64, kBorn), Optional(1U));
    EXPECT_THAT(counting->take_counters(2, kBorn), Optional(65U));
    EXPECT_EQ(counting->next_counter, 67U);
}

TEST(Keypair, NoCounterReachesRejectAfterMessages) {
    const auto used = keypair(1, true);
    used->next_counter = kRejectAfterMessages - 2;
    EXPECT_EQ(used->take_counters(3, kBorn), std::nullopt);
    EXPECT_EQ(used->take_counters(UINT64_MAX, kBorn), std::nullopt);
    EXPECT_THAT(used->take_counters(1, kBorn), Optional(kRejectAfterMessages - 2));
    EXPECT_THAT(used->take_counters(1, kBorn), Optional(kRejectAfterMessages - 1));
    EXPECT_EQ(used->take_counters(1, kBorn), std::nullopt);
    EXPECT_EQ(used->next_counter, kRejectAfterMessages);
}

TEST(Keypair, AnExpiredKeypairGivesNoCounters) {
    const auto old = keypair(1, true);
    EXPECT_EQ(old->take_counters(1, kBorn + 180s), std::nullopt);
    EXPECT_EQ(old->next_counter, 0U);
    EXPECT_TRUE(old->take_counters(1, kBorn + 180s - 1ns));
}

TEST(Keypair, TheLimitsAreThoseOfThePaper) {
    EXPECT_EQ(crypto::kRekeyAfterMessages, 1'152'921'504'606'846'976U);  // 2^60
    EXPECT_EQ(kRejectAfterMessages, 18'446'744'073'709'543'423U);        // 2^64 - 2^13 - 1
}

}  // namespace
