// SPDX-License-Identifier: MIT
#include "crypto/handshake.hpp"

#include <vector>

#include <gmock/gmock.h>

#include "crypto/aead.hpp"
#include "crypto/cookie.hpp"
#include "tests/support/handshake.hpp"
#include "tests/unit/crypto/handshake_vectors.hpp"

namespace {

using namespace tollgate;
using crypto::CookieJar;
using crypto::Identity;
using crypto::Initiator;
using crypto::RemoteIdentity;
using crypto::Responder;
using crypto::Tai64n;
using test::hex;
using test::Hosts;
using test::unhex_secret;
using test::wire;

// Against a peer that is not ours: tests/support/wireguard_peer.py.
class KnownHandshake : public testing::TestWithParam<test::HandshakeVector> {
  protected:
    template <typename Message>
    std::string sealed(Message message, const Identity& receiver) {
        CookieJar{receiver.public_key}.seal(wire(message), crypto::Instant{0});
        return hex(wire(message));
    }
    Initiator begin() {
        return Initiator::begin(initiator,
                                to_responder,
                                unhex_secret(known.initiator_ephemeral),
                                timestamp,
                                known.initiator_index)
            .value();
    }
    Responder::Answer answer() {
        auto opened =
            Responder::open(responder, test::message_of<tg_wg_initiation>(known.initiation));
        EXPECT_EQ(opened.value().remote_static(), initiator.public_key);
        EXPECT_EQ(opened->read_timestamp(to_initiator), timestamp);
        return opened
            ->answer(to_initiator, unhex_secret(known.responder_ephemeral), known.responder_index)
            .value();
    }
    /// A transport message, as a datagram.
    static std::string data(const crypto::TransportSecrets& secrets,
                            std::uint64_t counter,
                            crypto::Bytes plain) {
        const tg_wg_data header{
            htole32(TG_WG_DATA), htole32(secrets.remote_index), htole64(counter)};
        std::vector<std::byte> sealed(plain.size() + crypto::kTagSize);
        crypto::seal_field(secrets.sending, counter, plain, {}, sealed);
        return hex(wire(header)) + hex(sealed);
    }

    test::HandshakeVector known = GetParam();
    Identity initiator{unhex_secret(known.initiator_private)};
    Identity responder{unhex_secret(known.responder_private)};
    RemoteIdentity to_responder =
        remote_identity(initiator, responder.public_key, unhex_secret(known.preshared)).value();
    RemoteIdentity to_initiator =
        remote_identity(responder, initiator.public_key, unhex_secret(known.preshared)).value();
    Tai64n timestamp = Tai64n::from(
        std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{known.unix_ns}});
};

// Case W33
TEST_P(KnownHandshake, TheInitiationIsEqualToTheByte) {
    EXPECT_EQ(sealed(begin().message(), responder), known.initiation);
}

// Case W33
TEST_P(KnownHandshake, TheResponseIsEqualToTheByte) {
    EXPECT_EQ(sealed(answer().message, initiator), known.response);
}

TEST_P(KnownHandshake, TheInitiatorSendsWhatTheOtherPeerSends) {
    Initiator handshake = begin();
    const auto secrets =
        handshake.finish(initiator, to_responder, test::message_of<tg_wg_response>(known.response));
    ASSERT_TRUE(secrets);
    EXPECT_EQ(data(*secrets, 0, {}), known.initiator_data);
}

TEST_P(KnownHandshake, TheResponderSendsWhatTheOtherPeerSends) {
    std::vector<std::byte> packet = test::ascii("tollgate");
    packet.resize(16);
    EXPECT_EQ(data(answer().secrets, 3, packet), known.responder_data);
}

INSTANTIATE_TEST_SUITE_P(WireguardPeer, KnownHandshake, testing::ValuesIn(test::kHandshakeVectors));

TEST(Handshake, BothEndsComeToTheSameKeysAndIndices) {
    const Hosts hosts;
    Initiator initiator = hosts.begin();
    const auto answer = hosts.answer(initiator.message());
    ASSERT_TRUE(answer);
    const auto secrets = hosts.finish(initiator, answer->message);
    ASSERT_TRUE(secrets);

    EXPECT_EQ(secrets->sending, answer->secrets.receiving);
    EXPECT_EQ(secrets->receiving, answer->secrets.sending);
    EXPECT_FALSE(secrets->sending == secrets->receiving);
    EXPECT_EQ(secrets->local_index, test::kAliceIndex);
    EXPECT_EQ(secrets->remote_index, test::kBobIndex);
    EXPECT_EQ(answer->secrets.local_index, test::kBobIndex);
    EXPECT_EQ(answer->secrets.remote_index, test::kAliceIndex);
    EXPECT_TRUE(secrets->is_initiator);
    EXPECT_FALSE(answer->secrets.is_initiator);
}

TEST(Handshake, EveryHandshakeHasNewKeys) {
    const Hosts hosts;
    const auto keys = [&] {
        Initiator initiator = hosts.begin();
        return hosts.finish(initiator, hosts.answer(initiator.message())->message);
    };
    EXPECT_FALSE(keys()->sending == keys()->sending);
}

TEST(Handshake, TheInitiatorReadsThePresharedKeyWhenTheResponseComes) {
    Hosts hosts;
    Initiator initiator = hosts.begin();
    hosts.alice_to_bob.preshared = crypto::generate_preshared_key();
    const auto answer = hosts.answer(initiator.message());
    EXPECT_FALSE(hosts.finish(initiator, answer->message));
    hosts.bob_to_alice.preshared = hosts.alice_to_bob.preshared.clone();
    EXPECT_TRUE(hosts.finish(initiator, answer->message));
}

TEST(Handshake, TheResponderReadsThePresharedKeyWhenItAnswers) {
    Hosts hosts;
    Initiator initiator = hosts.begin();
    auto responder = Responder::open(hosts.bob, initiator.message());
    ASSERT_TRUE(responder->read_timestamp(hosts.alice_to_bob));
    hosts.alice_to_bob.preshared = crypto::generate_preshared_key();
    hosts.bob_to_alice.preshared = hosts.alice_to_bob.preshared.clone();
    const auto answer =
        responder->answer(hosts.alice_to_bob, crypto::generate_private_key(), test::kBobIndex);
    EXPECT_TRUE(hosts.finish(initiator, answer->message));
}

// Case W08
TEST(Handshake, AResponseFinishesOnce) {
    const Hosts hosts;
    Initiator initiator = hosts.begin();
    const auto answer = hosts.answer(initiator.message());
    ASSERT_TRUE(hosts.finish(initiator, answer->message));
    EXPECT_FALSE(hosts.finish(initiator, answer->message));
    EXPECT_FALSE(hosts.finish(initiator, hosts.answer(initiator.message())->message));
}

// Case W17
TEST(Handshake, OfTwoResponsesThatCrossEitherFinishes) {
    const Hosts hosts;
    Initiator initiator = hosts.begin();
    const auto first = hosts.answer(initiator.message());
    const auto second = hosts.answer(initiator.message());
    EXPECT_TRUE(hosts.finish(initiator, second->message));
    EXPECT_FALSE(hosts.finish(initiator, first->message));
}

TEST(Handshake, TimestampsOfLaterInitiationsAreGreater) {
    const Hosts hosts;
    const auto read = [&](const Tai64n& timestamp) {
        const auto initiator = Initiator::begin(
            hosts.alice, hosts.bob_to_alice, crypto::generate_private_key(), timestamp, 1);
        return Responder::open(hosts.bob, initiator->message())->read_timestamp(hosts.alice_to_bob);
    };
    const Tai64n first = test::timestamp();
    EXPECT_EQ(read(first), first);
    EXPECT_LT(read(first), read(first.next()));
    EXPECT_LT(read(first.next()), read(test::timestamp(1'700'000'001)));
}

}  // namespace
