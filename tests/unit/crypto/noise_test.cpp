// SPDX-License-Identifier: MIT
#include "crypto/noise.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>

#include "crypto/aead.hpp"
#include "tests/support/hex.hpp"

namespace {

using namespace tollgate;
using crypto::Bytes;
using crypto::kTagSize;
using crypto::PrivateKey;
using crypto::PublicKey;
using crypto::SymmetricState;
using test::hex;
using test::unhex;

// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s of the vectors of cacophony.
constexpr std::string_view kPrologue = "4a6f686e2047616c74";  // "John Galt"
constexpr std::string_view kPreshared =
    "54686973206973206d7920417573747269616e20706572737065637469766521";
constexpr std::string_view kInitiatorStatic =
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
constexpr std::string_view kInitiatorEphemeral =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
constexpr std::string_view kResponderStatic =
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
constexpr std::string_view kResponderEphemeral =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
constexpr std::string_view kHandshakeHash =
    "f5191b875290abcd41347ac3622d9679688a7e980229cb937ef748336cfde0e5";

struct Message {
    std::string_view payload;
    std::string_view wire;
};
constexpr Message kFirst{
    "4c756477696720766f6e204d69736573",
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944001e21de9f98ddd8e2ad57527207fe"
    "b56253c9c94a9e496782ecfcb2a75fbcaf1b52948cc48daefe660c62119ab5000980c84831215f2441eba616548e83"
    "2985464cf17e51ee93109008399a21f7e13f"};
constexpr Message kSecond{
    "4d757272617920526f746862617264",
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843cb765f2caef0751b8f007572dab032"
    "2217755c0632f365717edbf34d33e87a"};
// The initiator's, then the responder's.
constexpr Message kTransport[][2] = {
    {{"462e20412e20486179656b", "8153ca9833bc3c1b91a7e66e5f4d4f5b59bf9e64c2f20d15f0bba7"},
     {"4361726c204d656e676572", "07af0c9c86e1b4e80f36b04ff7688d51141af3debd0332f0a705ef"}},
    {{"4a65616e2d426170746973746520536179",
      "6ab1467c0448cc78394494abaaf23afce0e234315d6e2624dcbfa8a21c1c4d073d"},
     {"457567656e2042f6686d20766f6e2042617765726b",
      "dfc346c0d2296ae6cf1acf6f12b8456a1dba228cf8d8b774aacf1c47fc53aa80ebc7a4c292"}},
};

class Cacophony : public testing::Test {
  protected:
    Cacophony() {
        state.mix_hash(unhex(kPrologue));
        state.mix_hash(public_key_of(responder).bytes);
    }

    std::string mix_ephemeral(const PrivateKey& ephemeral) {
        const PublicKey key = public_key_of(ephemeral);
        state.mix_hash(key.bytes);
        state.mix_public(key.bytes);
        return hex(key.bytes);
    }
    std::string seal(const crypto::SymmetricKey& key, Bytes plain) {
        std::vector<std::byte> sealed(plain.size() + kTagSize);
        state.encrypt_and_hash(key, plain, sealed);
        return hex(sealed);
    }
    crypto::SymmetricKey mix_dh(const PrivateKey& mine, const PrivateKey& theirs) {
        return state.mix_key(shared_secret(mine, public_key_of(theirs)).value());
    }

    std::string write_first() {
        std::string wire = mix_ephemeral(initiator_ephemeral);
        wire += seal(mix_dh(initiator_ephemeral, responder), public_key_of(initiator).bytes);
        return wire + seal(mix_dh(initiator, responder), unhex(kFirst.payload));
    }
    std::string write_second() {
        const std::string wire = mix_ephemeral(responder_ephemeral);
        std::ignore = mix_dh(responder_ephemeral, initiator_ephemeral);
        std::ignore = mix_dh(responder_ephemeral, initiator);
        return wire +
               seal(state.mix_key_and_hash(test::unhex_secret(kPreshared)), unhex(kSecond.payload));
    }

    PrivateKey initiator = test::unhex_secret(kInitiatorStatic);
    PrivateKey initiator_ephemeral = test::unhex_secret(kInitiatorEphemeral);
    PrivateKey responder = test::unhex_secret(kResponderStatic);
    PrivateKey responder_ephemeral = test::unhex_secret(kResponderEphemeral);
    SymmetricState state = SymmetricState::ikpsk2();
};

TEST_F(Cacophony, TheHandshakeMessagesAreEqual) {
    EXPECT_EQ(write_first(), kFirst.wire);
    EXPECT_EQ(write_second(), kSecond.wire);
}

TEST_F(Cacophony, TheHandshakeHashIsEqual) {
    write_first();
    write_second();
    EXPECT_EQ(hex(state.handshake_hash()), kHandshakeHash);
}

TEST_F(Cacophony, TheTransportMessagesAreEqual) {
    write_first();
    write_second();
    const auto keys = state.split();
    for (std::uint64_t counter = 0; counter < std::size(kTransport); ++counter) {
        const auto seal = [&](const crypto::SymmetricKey& key, const Message& message) {
            const auto plain = unhex(message.payload);
            std::vector<std::byte> sealed(plain.size() + kTagSize);
            crypto::seal_field(key, counter, plain, {}, sealed);
            return hex(sealed);
        };
        const auto& [from_initiator, from_responder] = kTransport[counter];
        EXPECT_EQ(seal(keys.initiator_to_responder, from_initiator), from_initiator.wire);
        EXPECT_EQ(seal(keys.responder_to_initiator, from_responder), from_responder.wire);
    }
}

TEST_F(Cacophony, TheReaderComesToTheSameHash) {
    const auto wire = unhex(kFirst.wire);
    mix_ephemeral(initiator_ephemeral);
    const auto key = mix_dh(responder, initiator_ephemeral);
    PublicKey read;
    ASSERT_TRUE(state.decrypt_and_hash(key, Bytes{wire}.subspan(32, 48), read.bytes));
    EXPECT_EQ(read, public_key_of(initiator));
    std::vector<std::byte> payload(16);
    ASSERT_TRUE(
        state.decrypt_and_hash(mix_dh(responder, initiator), Bytes{wire}.subspan(80), payload));
    EXPECT_EQ(hex(payload), kFirst.payload);
    write_second();
    EXPECT_EQ(hex(state.handshake_hash()), kHandshakeHash);
}

// Case W06
TEST(SymmetricState, AFieldThatIsNotAuthenticChangesNothing) {
    SymmetricState writer = SymmetricState::ikpsk2();
    SymmetricState reader = writer.clone();
    const crypto::SymmetricKey key = crypto::generate_preshared_key();
    std::vector<std::byte> sealed(kTagSize);
    writer.encrypt_and_hash(key, {}, sealed);

    const crypto::Hash before = reader.handshake_hash();
    sealed[0] ^= std::byte{1};
    EXPECT_FALSE(reader.decrypt_and_hash(key, sealed, {}));
    EXPECT_EQ(reader.handshake_hash(), before);
    sealed[0] ^= std::byte{1};
    EXPECT_TRUE(reader.decrypt_and_hash(key, sealed, {}));
    EXPECT_EQ(reader.handshake_hash(), writer.handshake_hash());
}

TEST(SymmetricState, AFieldBelongsToItsPlaceInTheHandshake) {
    SymmetricState writer = SymmetricState::ikpsk2();
    SymmetricState reader = writer.clone();
    reader.mix_hash(unhex("00"));
    const crypto::SymmetricKey key = crypto::generate_preshared_key();
    std::vector<std::byte> sealed(kTagSize);
    writer.encrypt_and_hash(key, {}, sealed);
    EXPECT_FALSE(reader.decrypt_and_hash(key, sealed, {}));
}

TEST(SymmetricState, ACloneGoesItsOwnWay) {
    SymmetricState state = SymmetricState::ikpsk2();
    SymmetricState copy = state.clone();
    const crypto::SharedSecret shared = crypto::generate_preshared_key();
    EXPECT_EQ(state.mix_key(shared), copy.mix_key(shared));
    state.mix_public(unhex("01"));
    EXPECT_FALSE(state.mix_key(shared) == copy.mix_key(shared));
}

}  // namespace
