// SPDX-License-Identifier: MIT
#include "crypto/stealth.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "crypto/cookie.hpp"
#include "crypto/random.hpp"
#include "tests/support/handshake.hpp"
#include "tests/unit/crypto/handshake_vectors.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using crypto::StealthKey;
using crypto::WallTime;
using test::flipped;
using test::wire;

constexpr WallTime kSlotBegins{1'700'000'040s};  // a multiple of 120 s

class KnownStealth : public testing::TestWithParam<test::HandshakeVector> {
  protected:
    test::HandshakeVector known = GetParam();
    WallTime wall{std::chrono::nanoseconds{known.unix_ns}};
    StealthKey key{test::unhex_secret(known.site)};
    tg_wg_initiation plain = test::message_of<tg_wg_initiation>(known.initiation);
    tg_wg_initiation of_site = test::message_of<tg_wg_initiation>(known.initiation_of_site);
};

TEST_P(KnownStealth, IsEqualToTheByte) {
    key.seal(wire(plain), wall);
    EXPECT_EQ(test::hex(wire(plain)), known.initiation_of_site);
}

TEST_P(KnownStealth, OfTheOtherPeerIsGoodAndZerosAreNot) {
    EXPECT_TRUE(key.verify(wire(of_site), wall));
    EXPECT_FALSE(key.verify(wire(plain), wall));
}

// Whoever does not know the extension sees an initiation without a cookie.
TEST_P(KnownStealth, LeavesMac1Good) {
    const crypto::PublicKey receiver = public_key_of(test::unhex_secret(known.responder_private));
    crypto::CookieChecker checker{receiver};
    EXPECT_EQ(checker.check(wire(of_site), {}, 1000s), crypto::CookieChecker::Verdict::good_mac1);
}

INSTANTIATE_TEST_SUITE_P(WireguardPeer, KnownStealth, testing::ValuesIn(test::kHandshakeVectors));

class Stealth : public testing::Test {
  protected:
    Stealth() { crypto::fill_random(wire(message)); }

    crypto::SymmetricKey site = crypto::generate_preshared_key();
    StealthKey sender{site.clone()};
    StealthKey receiver{site.clone()};
    tg_wg_initiation message;
};

TEST_F(Stealth, ClocksMayDifferByASlot) {
    sender.seal(wire(message), kSlotBegins);
    for (const auto later : {-120s, 0s, 119s, 120s, 239s}) {
        EXPECT_TRUE(receiver.verify(wire(message), kSlotBegins + later)) << later.count();
    }
    for (const auto later : {-121s, 240s, 86'400s}) {
        EXPECT_FALSE(receiver.verify(wire(message), kSlotBegins + later)) << later.count();
    }
}

TEST_F(Stealth, CoversBothMacs) {
    sender.seal(wire(message), kSlotBegins);
    for (std::size_t at = offsetof(tg_wg_initiation, mac1); at < sizeof message; ++at) {
        EXPECT_FALSE(receiver.verify(wire(flipped(message, at)), kSlotBegins)) << at;
    }
    EXPECT_TRUE(receiver.verify(wire(message), kSlotBegins));
}

TEST_F(Stealth, OfAnotherSiteIsWorthNothing) {
    StealthKey{crypto::generate_preshared_key()}.seal(wire(message), kSlotBegins);
    EXPECT_FALSE(receiver.verify(wire(message), kSlotBegins));
}

TEST_F(Stealth, SlotsAreTwoMinutesAlsoBefore1970) {
    EXPECT_EQ(StealthKey::slot_of(WallTime{0s}), 0);
    EXPECT_EQ(StealthKey::slot_of(WallTime{120s - 1ns}), 0);
    EXPECT_EQ(StealthKey::slot_of(WallTime{120s}), 1);
    EXPECT_EQ(StealthKey::slot_of(WallTime{-1ns}), -1);
    EXPECT_EQ(StealthKey::slot_ends(WallTime{-1ns}), WallTime{0s});
    EXPECT_EQ(StealthKey::slot_ends(kSlotBegins), kSlotBegins + 120s);
}

TEST_F(Stealth, KeysAreThoseOfTheSlotTheOneBeforeAndTheNext) {
    const crypto::SymmetricKey now = receiver.slots(kSlotBegins)[0].clone();
    EXPECT_EQ(receiver.slots(kSlotBegins + 120s)[1], now);
    EXPECT_EQ(receiver.slots(kSlotBegins - 1ns)[2], now);
    EXPECT_EQ(receiver.slots(kSlotBegins)[0], now) << "also when the clock was set back";
    EXPECT_FALSE(receiver.slots(kSlotBegins)[1] == now);
}

}  // namespace
