// SPDX-License-Identifier: MIT
/// Handshake messages that must not be taken, and that must leave no trace.
#include <span>
#include <tuple>

#include <endian.h>

#include <gmock/gmock.h>

#include "crypto/cookie.hpp"
#include "crypto/handshake.hpp"
#include "tests/support/handshake.hpp"

namespace {

using namespace tollgate;
using crypto::Identity;
using crypto::Initiator;
using crypto::PublicKey;
using crypto::Responder;
using crypto::SharedSecret;
using crypto::SymmetricState;
using test::flipped;
using test::Hosts;
using test::unhex_public_key;

// What lies before and behind is not sealed: mac1 covers it.
constexpr std::size_t kInitiationEnd = offsetof(tg_wg_initiation, mac1);
constexpr std::size_t kResponseEnd = offsetof(tg_wg_response, mac1);

/// A handshake that has gone as far as Bob's answer.
struct Answered : Hosts {
    Initiator initiator = begin();
    Responder::Answer answer = Hosts::answer(initiator.message()).value();
};

// Case W06
TEST(HandshakeRefusal, AnInitiationWithAnyByteChangedInWhatIsSealed) {
    const Hosts hosts;
    const Initiator initiator = hosts.begin();
    for (std::size_t at = offsetof(tg_wg_initiation, ephemeral); at < kInitiationEnd; ++at) {
        EXPECT_FALSE(hosts.answer(flipped(initiator.message(), at))) << at;
    }
    EXPECT_TRUE(hosts.answer(initiator.message()));
}

// Case W06
TEST(HandshakeRefusal, AResponseWithAnyByteChangedInWhatIsSealed) {
    Answered hosts;
    for (std::size_t at = offsetof(tg_wg_response, receiver_index); at < kResponseEnd; ++at) {
        EXPECT_FALSE(hosts.finish(hosts.initiator, flipped(hosts.answer.message, at))) << at;
    }
    EXPECT_TRUE(hosts.finish(hosts.initiator, hosts.answer.message));
}

TEST(HandshakeRefusal, AnyOtherTypeOrReservedByte) {
    Answered hosts;
    for (std::size_t at = 0; at < sizeof(tg_wg_initiation::type); ++at) {
        EXPECT_FALSE(Responder::open(hosts.bob, flipped(hosts.initiator.message(), at))) << at;
        EXPECT_FALSE(hosts.finish(hosts.initiator, flipped(hosts.answer.message, at))) << at;
    }
}

TEST(HandshakeRefusal, MacsCoverEveryByteBeforeThem) {
    Answered hosts;
    tg_wg_initiation initiation = hosts.initiator.message();
    tg_wg_response& response = hosts.answer.message;
    crypto::CookieJar{hosts.bob.public_key}.seal(test::wire(initiation), {});
    crypto::CookieJar{hosts.alice.public_key}.seal(test::wire(response), {});
    const auto is_refused = [](const Identity& receiver, crypto::Bytes message) {
        return crypto::CookieChecker{receiver.public_key}.check(message, {}, {}) ==
               crypto::CookieChecker::Verdict::bad_mac1;
    };
    EXPECT_FALSE(is_refused(hosts.bob, test::wire(initiation)));
    EXPECT_FALSE(is_refused(hosts.alice, test::wire(response)));
    for (std::size_t at = 0; at < offsetof(tg_wg_initiation, mac2); ++at) {
        EXPECT_TRUE(is_refused(hosts.bob, test::wire(flipped(initiation, at)))) << at;
    }
    for (std::size_t at = 0; at < offsetof(tg_wg_response, mac2); ++at) {
        EXPECT_TRUE(is_refused(hosts.alice, test::wire(flipped(response, at)))) << at;
    }
}

// Case W03
TEST(HandshakeRefusal, AnInitiationForAnotherResponder) {
    const Hosts hosts;
    EXPECT_FALSE(Responder::open(Hosts{}.bob, hosts.begin().message()));
}

TEST(HandshakeRefusal, AStaticKeyWhosePrivateKeyTheSenderDoesNotHave) {
    const Hosts hosts;
    Hosts mallory;
    mallory.alice.public_key = hosts.alice.public_key;
    const auto to_bob =
        remote_identity(mallory.alice, hosts.bob.public_key, hosts.preshared).value();
    const auto forged = Initiator::begin(
        mallory.alice, to_bob, crypto::generate_private_key(), test::timestamp(), 1);
    auto responder = Responder::open(hosts.bob, forged->message());
    ASSERT_TRUE(responder);
    EXPECT_EQ(responder->remote_static(), hosts.alice.public_key);
    EXPECT_FALSE(responder->read_timestamp(hosts.alice_to_bob));
}

// Case W06
TEST(HandshakeRefusal, AFailedTimestampLeavesTheResponderAsItWas) {
    const Hosts hosts;
    const Initiator initiator = hosts.begin();
    auto responder = Responder::open(hosts.bob, initiator.message());
    EXPECT_FALSE(responder->read_timestamp(Hosts{}.alice_to_bob));
    EXPECT_TRUE(responder->read_timestamp(hosts.alice_to_bob));
}

TEST(HandshakeRefusal, AResponseUnderAnotherPresharedKey) {
    Hosts hosts;
    Initiator initiator = hosts.begin();
    const auto good = hosts.answer(initiator.message());
    hosts.alice_to_bob.preshared = crypto::PresharedKey{};
    EXPECT_FALSE(hosts.finish(initiator, hosts.answer(initiator.message())->message));
    EXPECT_TRUE(hosts.finish(initiator, good->message));
}

// Case W08
TEST(HandshakeRefusal, AResponseToAnotherInitiation) {
    Answered hosts;
    Initiator later = hosts.begin();  // with the same index
    EXPECT_FALSE(hosts.finish(later, hosts.answer.message));
    EXPECT_TRUE(hosts.finish(hosts.initiator, hosts.answer.message));
}

TEST(HandshakeRefusal, AResponseFromAnother) {
    Answered hosts;
    const auto stranger = crypto::remote_identity(
        hosts.alice, Identity{crypto::generate_private_key()}.public_key, hosts.preshared);
    auto initiator = Initiator::begin(hosts.alice,
                                      *stranger,
                                      crypto::generate_private_key(),
                                      test::timestamp(),
                                      test::kAliceIndex);
    EXPECT_FALSE(initiator->finish(hosts.alice, *stranger, hosts.answer.message));
}

// Case W18
TEST(HandshakeRefusal, OurOwnMessagesSentBack) {
    Answered hosts;
    EXPECT_FALSE(Responder::open(hosts.alice, hosts.initiator.message()));
    auto bobs = Initiator::begin(hosts.bob,
                                 hosts.alice_to_bob,
                                 crypto::generate_private_key(),
                                 test::timestamp(),
                                 test::kAliceIndex);
    EXPECT_FALSE(bobs->finish(hosts.bob, hosts.alice_to_bob, hosts.answer.message));
}

class LowOrder : public testing::TestWithParam<std::string_view> {
  protected:
    PublicKey point = unhex_public_key(GetParam());
    Hosts hosts;
    const SharedSecret zeros;  // what X25519 makes of such a point
};

void mix_ephemeral(SymmetricState& state, const PublicKey& ephemeral) {
    state.mix_hash(ephemeral.bytes);
    state.mix_public(ephemeral.bytes);
}

/// Alice's initiation with any ephemeral key: authentic, if Bob computes `ephemeral_static` too.
/// `state` goes with it.
tg_wg_initiation forge(const Hosts& hosts,
                       const PublicKey& ephemeral,
                       const SharedSecret& ephemeral_static,
                       SymmetricState& state) {
    tg_wg_initiation message{};
    message.type = htole32(TG_WG_INITIATION);
    std::memcpy(message.ephemeral, ephemeral.bytes.data(), sizeof message.ephemeral);
    state.mix_hash(test::ascii("WireGuard v1 zx2c4 Jason@zx2c4.com"));
    state.mix_hash(hosts.bob.public_key.bytes);
    mix_ephemeral(state, ephemeral);
    state.encrypt_and_hash(state.mix_key(ephemeral_static),
                           hosts.alice.public_key.bytes,
                           std::as_writable_bytes(std::span{message.sealed_static}));
    state.encrypt_and_hash(state.mix_key(hosts.alice_to_bob.static_static),
                           test::timestamp().bytes,
                           std::as_writable_bytes(std::span{message.sealed_timestamp}));
    return message;
}

TEST(HandshakeRefusal, TheForgerOfTheseTestsForgesWell) {
    const Hosts hosts;
    const crypto::PrivateKey ephemeral = crypto::generate_private_key();
    SymmetricState state = SymmetricState::ikpsk2();
    const auto shared = crypto::shared_secret(ephemeral, hosts.bob.public_key);
    EXPECT_TRUE(hosts.answer(forge(hosts, public_key_of(ephemeral), *shared, state)));
}

TEST(HandshakeRefusal, AnEphemeralKeyWithItsTopBitSet) {
    const Hosts hosts;
    const crypto::PrivateKey ephemeral = crypto::generate_private_key();
    PublicKey encoded = public_key_of(ephemeral);
    encoded.bytes.back() |= std::byte{0x80};  // X25519 ignores it
    SymmetricState state = SymmetricState::ikpsk2();
    const auto shared = crypto::shared_secret(ephemeral, hosts.bob.public_key);
    EXPECT_FALSE(Responder::open(hosts.bob, forge(hosts, encoded, *shared, state)));
}

// Case W05
TEST_P(LowOrder, IsNoEphemeralKeyOfAnInitiation) {
    SymmetricState state = SymmetricState::ikpsk2();
    EXPECT_FALSE(Responder::open(hosts.bob, forge(hosts, point, zeros, state)));
}

// Case W05
TEST_P(LowOrder, IsNoEphemeralKeyOfAResponse) {
    const crypto::PrivateKey ephemeral = crypto::generate_private_key();
    auto initiator =
        Initiator::begin(hosts.alice, hosts.bob_to_alice, ephemeral.clone(), test::timestamp(), 0);
    SymmetricState state = SymmetricState::ikpsk2();
    const auto shared = crypto::shared_secret(ephemeral, hosts.bob.public_key);
    std::ignore = forge(hosts, public_key_of(ephemeral), *shared, state);

    tg_wg_response response{};
    response.type = htole32(TG_WG_RESPONSE);
    std::memcpy(response.ephemeral, point.bytes.data(), sizeof response.ephemeral);
    mix_ephemeral(state, point);
    std::ignore = state.mix_key(zeros);
    std::ignore = state.mix_key(zeros);
    state.encrypt_and_hash(state.mix_key_and_hash(hosts.preshared),
                           {},
                           std::as_writable_bytes(std::span{response.sealed_nothing}));
    EXPECT_FALSE(hosts.finish(initiator.value(), response));
}

// Case W05
TEST_P(LowOrder, IsNoStaticKeyInAnInitiation) {
    hosts.alice.public_key = point;
    EXPECT_FALSE(Responder::open(hosts.bob, hosts.begin().message()));
}

TEST_P(LowOrder, IsNoKeyOfAPeer) {
    EXPECT_FALSE(crypto::remote_identity(hosts.alice, point, hosts.preshared));
}

// Case W05
TEST_P(LowOrder, NothingIsSentToSuchAPeer) {
    hosts.bob_to_alice.public_key = point;
    EXPECT_FALSE(Initiator::begin(hosts.alice,
                                  hosts.bob_to_alice,
                                  crypto::generate_private_key(),
                                  test::timestamp(),
                                  test::kAliceIndex));
}

// Case W05
TEST_P(LowOrder, NothingIsAnsweredToSuchAPeer) {
    auto responder = Responder::open(hosts.bob, hosts.begin().message());
    ASSERT_TRUE(responder->read_timestamp(hosts.alice_to_bob));
    hosts.alice_to_bob.public_key = point;
    EXPECT_FALSE(
        responder->answer(hosts.alice_to_bob, crypto::generate_private_key(), test::kBobIndex));
}

INSTANTIATE_TEST_SUITE_P(Points, LowOrder, testing::ValuesIn(test::kLowOrderPoints));

}  // namespace
