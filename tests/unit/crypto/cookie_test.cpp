// SPDX-License-Identifier: MIT
#include "crypto/cookie.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>

#include <gmock/gmock.h>

#include "tests/support/handshake.hpp"
#include "tests/unit/crypto/handshake_vectors.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using crypto::CookieChecker;
using crypto::CookieJar;
using crypto::CookieNonce;
using crypto::Instant;
using crypto::Source;
using test::flipped;
using test::wire;
using Verdict = crypto::CookieChecker::Verdict;

constexpr Instant kStart = 1'000s;
constexpr CookieNonce kNonce{std::byte{1}, std::byte{2}};
const Source kSource{IpAddress::parse("192.0.2.1").value(), 51820};

template <typename Message>
Message handshake_message() {
    Message message{};
    for (std::size_t at = 0; at < sizeof message; ++at) {
        wire(message)[at] = static_cast<std::byte>(at);
    }
    return message;
}

/// A sender and a receiver whose public key it knows.
template <typename Message = tg_wg_initiation>
struct Ends {
    crypto::PublicKey key = public_key_of(crypto::generate_private_key());
    CookieChecker checker{key};
    CookieJar jar{key};
    Message message = handshake_message<Message>();

    const Message& send(Instant now = kStart) {
        jar.seal(wire(message), now);
        return message;
    }
    Verdict check(const Message& received, Instant now = kStart, const Source& source = kSource) {
        return checker.check(wire(received), source, now);
    }
    tg_wg_cookie_reply reply(Instant now = kStart, const Source& source = kSource) {
        return checker.reply(wire(message), source, kNonce, now);
    }
    /// The sender gets a cookie for its last message.
    void give_cookie(Instant now = kStart, const Source& source = kSource) {
        EXPECT_TRUE(jar.take(reply(now, source), now));
    }
};

class KnownCookie : public testing::TestWithParam<test::HandshakeVector> {
  protected:
    test::HandshakeVector known = GetParam();
    crypto::PublicKey receiver = public_key_of(test::unhex_secret(known.responder_private));
    tg_wg_initiation initiation = test::message_of<tg_wg_initiation>(known.initiation);
};

// Case W33
TEST_P(KnownCookie, IsEqualToTheByte) {
    const Source source{IpAddress::parse(known.source_address).value(), known.source_port};
    EXPECT_EQ(test::hex(cookie_of(test::unhex_secret(known.cookie_secret), source)), known.cookie);
}

// Case W09
TEST_P(KnownCookie, FromTheReplyMakesMac2) {
    CookieJar jar{receiver};
    jar.seal(wire(initiation), kStart);
    ASSERT_TRUE(jar.take(test::message_of<tg_wg_cookie_reply>(known.cookie_reply), kStart));
    jar.seal(wire(initiation), kStart);
    EXPECT_EQ(test::hex(wire(initiation)), known.initiation_with_cookie);
}

TEST_P(KnownCookie, Mac1OfTheOtherPeerIsGood) {
    EXPECT_EQ(CookieChecker{receiver}.check(wire(initiation), kSource, kStart), Verdict::good_mac1);
}

INSTANTIATE_TEST_SUITE_P(WireguardPeer, KnownCookie, testing::ValuesIn(test::kHandshakeVectors));

template <typename Message>
class CookieOf : public testing::Test {};
using Messages = testing::Types<tg_wg_initiation, tg_wg_response>;
TYPED_TEST_SUITE(CookieOf, Messages);

TYPED_TEST(CookieOf, MessageGoesThereAndBack) {
    Ends<TypeParam> ends;
    EXPECT_EQ(ends.check(ends.send()), Verdict::good_mac1);
    ends.give_cookie();
    EXPECT_EQ(ends.check(ends.send()), Verdict::good_mac2);
}

TYPED_TEST(CookieOf, MessageCoversAllBytesBeforeMac1) {
    Ends<TypeParam> ends;
    ends.send();
    ends.give_cookie();
    ends.send();
    for (std::size_t at = 0; at < offsetof(TypeParam, mac2); ++at) {
        EXPECT_EQ(ends.check(flipped(ends.message, at)), Verdict::bad_mac1) << at;
    }
}

TYPED_TEST(CookieOf, MessageWithAnyByteOfMac2ChangedProvesNoAddress) {
    Ends<TypeParam> ends;
    ends.send();
    ends.give_cookie();
    ends.send();
    for (std::size_t at = offsetof(TypeParam, mac2); at < sizeof(TypeParam); ++at) {
        EXPECT_EQ(ends.check(flipped(ends.message, at)), Verdict::good_mac1) << at;
    }
}

TEST(CookieChecker, RefusesMac1ForAnotherKey) {
    Ends ends;
    EXPECT_EQ(Ends{}.check(ends.send()), Verdict::bad_mac1);
}

TEST(CookieChecker, RefusesACookieThatItDidNotMake) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    CookieChecker restarted{ends.key};
    EXPECT_EQ(restarted.check(wire(ends.send()), kSource, kStart), Verdict::good_mac1);
}

// Case W09
TEST(CookieChecker, ACookieIsForOneAddressAndOnePort) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    ends.send();
    const auto ip = [](std::string_view text) {
        return IpAddress::parse(text).value();
    };
    EXPECT_EQ(ends.check(ends.message, kStart, kSource), Verdict::good_mac2);
    EXPECT_EQ(ends.check(ends.message, kStart, {kSource.address, 51821}), Verdict::good_mac1);
    EXPECT_EQ(ends.check(ends.message, kStart, {ip("192.0.2.2"), 51820}), Verdict::good_mac1);
    EXPECT_EQ(ends.check(ends.message, kStart, {ip("2001:db8::1"), 51820}), Verdict::good_mac1);
}

TEST(CookieChecker, ACookieForIpv6IsForAllOfTheAddress) {
    Ends ends;
    const Source source{IpAddress::parse("2001:db8::1").value(), 1};
    ends.send();
    ends.give_cookie(kStart, source);
    ends.send();
    EXPECT_EQ(ends.check(ends.message, kStart, source), Verdict::good_mac2);
    for (std::size_t at = 0; at < source.address.bytes.size(); ++at) {
        Source other = source;
        other.address.bytes.at(at) ^= 1U;
        EXPECT_EQ(ends.check(ends.message, kStart, other), Verdict::good_mac1) << at;
    }
}

// Case W09
TEST(CookieChecker, TheSecretBeforeIsGoodUntilItsSuccessorIsOld) {
    Ends ends;
    ends.send();
    std::ignore = ends.reply(kStart);  // the first secret
    ends.give_cookie(kStart + 119s);
    ends.send(kStart + 119s);
    EXPECT_EQ(ends.check(ends.message, kStart + 120s - 1ns), Verdict::good_mac2);
    EXPECT_EQ(ends.check(ends.message, kStart + 120s), Verdict::good_mac2);
    EXPECT_EQ(ends.check(ends.message, kStart + 240s - 1ns), Verdict::good_mac2);
    EXPECT_EQ(ends.check(ends.message, kStart + 240s), Verdict::good_mac1);
}

TEST(CookieChecker, TheSecretIsNewEveryTwoMinutes) {
    Ends ends;
    const auto sealed = [&](Instant now) {
        const tg_wg_cookie_reply reply = ends.reply(now);
        return test::hex(wire(reply));
    };
    const std::string first = sealed(kStart);
    EXPECT_EQ(sealed(kStart + 120s - 1ns), first);
    const std::string second = sealed(kStart + 120s);
    EXPECT_NE(second, first);
    EXPECT_EQ(sealed(kStart + 240s - 1ns), second);
    EXPECT_NE(sealed(kStart + 240s), second);
}

TEST(CookieChecker, ASecretThatNobodyAskedForGrowsOldAllTheSame) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    ends.send();
    EXPECT_EQ(ends.check(ends.message, kStart + 240s), Verdict::good_mac1);
}

// Case W09
TEST(CookieChecker, AReplyIsNoLargerThanItsRequest) {
    static_assert(sizeof(tg_wg_cookie_reply) <= sizeof(tg_wg_response));
    Ends ends;
    const tg_wg_cookie_reply reply = ends.reply();
    EXPECT_EQ(reply.type, htole32(TG_WG_COOKIE_REPLY));
    EXPECT_EQ(reply.receiver_index, ends.message.sender_index);
    EXPECT_EQ(test::hex(std::as_bytes(std::span{reply.nonce})), test::hex(kNonce));
}

TEST(CookieJar, WritesZerosWithoutACookie) {
    Ends ends;
    EXPECT_THAT(ends.send().mac2, testing::Each(0));
}

TEST(CookieJar, UsesACookieUntilFiveSecondsBeforeItsEnd) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    EXPECT_EQ(ends.check(ends.send(kStart + 115s - 1ns)), Verdict::good_mac2);
    EXPECT_THAT(ends.send(kStart + 115s).mac2, testing::Each(0));
}

// Case W10
TEST(CookieJar, RefusesAnyChangeOfAReplyAndThenTakesTheGenuineOne) {
    Ends ends;
    ends.send();
    const tg_wg_cookie_reply reply = ends.reply();
    for (std::size_t at = offsetof(tg_wg_cookie_reply, nonce); at < sizeof reply; ++at) {
        EXPECT_FALSE(ends.jar.take(flipped(reply, at), kStart)) << at;
    }
    EXPECT_FALSE(ends.jar.take(flipped(reply, 0), kStart));
    EXPECT_TRUE(ends.jar.take(reply, kStart));
}

// Case W10
TEST(CookieJar, RefusesTheReplyOfAnother) {
    Ends ends;
    CookieChecker another{public_key_of(crypto::generate_private_key())};
    ends.send();
    EXPECT_FALSE(ends.jar.take(another.reply(wire(ends.message), kSource, kNonce, kStart), kStart));
}

// Case W10
TEST(CookieJar, TakesAReplyOnce) {
    Ends ends;
    ends.send();
    const tg_wg_cookie_reply reply = ends.reply();
    EXPECT_TRUE(ends.jar.take(reply, kStart));
    EXPECT_FALSE(ends.jar.take(reply, kStart));
}

TEST(CookieJar, ARefusedReplyLeavesTheCookie) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    ends.send();
    EXPECT_FALSE(ends.jar.take(flipped(ends.reply(), 40), kStart + 60s));
    EXPECT_EQ(ends.check(ends.send(kStart + 115s - 1ns)), Verdict::good_mac2);
    EXPECT_THAT(ends.send(kStart + 115s).mac2, testing::Each(0));
}

// Case W10
TEST(CookieJar, RefusesAReplyToAnEarlierMessage) {
    Ends ends;
    ends.send();
    const tg_wg_cookie_reply old = ends.reply();
    ends.message.sender_index += 1;
    ends.send();
    EXPECT_FALSE(ends.jar.take(old, kStart));
    EXPECT_TRUE(ends.jar.take(ends.reply(), kStart));
}

TEST(CookieJar, RefusesAReplyBeforeAnythingWasSent) {
    Ends ends;
    CookieJar other_jar{ends.key};
    other_jar.seal(wire(ends.message), kStart);
    EXPECT_FALSE(ends.jar.take(ends.reply(), kStart));
    EXPECT_TRUE(other_jar.take(ends.reply(), kStart));
}

TEST(CookieJar, ANewCookieReplacesTheOld) {
    Ends ends;
    ends.send();
    ends.give_cookie();
    const Source moved{kSource.address, 4500};
    ends.send();
    ends.give_cookie(kStart + 10s, moved);
    EXPECT_EQ(ends.check(ends.send(kStart + 124s), kStart + 124s, moved), Verdict::good_mac2);
}

}  // namespace
