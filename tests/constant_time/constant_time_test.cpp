// SPDX-License-Identifier: MIT
// Nothing that decides where the processor goes next, or what it reads, is computed from a secret.
// Runs under valgrind's memcheck, which does not know the value of what is marked secret, and
// reports whatever depends on it.
#include <array>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/aead.hpp"
#include "crypto/cookie.hpp"
#include "crypto/handshake.hpp"
#include "crypto/handshake_macs.hpp"
#include "crypto/keys.hpp"
#include "crypto/stealth.hpp"
#include "tests/constant_time/marks.hpp"

namespace tollgate::test {
namespace {

using crypto::Bytes;
using crypto::MutableBytes;

constexpr crypto::Instant kNow{std::chrono::hours{1}};

template <typename Value>
MutableBytes bytes_of(Value& value) {
    return std::as_writable_bytes(std::span{&value, 1});
}

class ConstantTime : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_NE(RUNNING_ON_VALGRIND, 0U) << "only valgrind sees what this is about";
        before_ = reports();
    }
    /// Of this test so far.
    [[nodiscard]] unsigned reported() const { return reports() - before_; }

  private:
    unsigned before_ = 0;
};

crypto::PresharedKey secret_key() {
    crypto::PresharedKey key = crypto::generate_preshared_key();
    mark_secret(key.bytes());
    return key;
}

crypto::PrivateKey private_key() {
    crypto::PrivateKey key = crypto::generate_private_key();
    mark_secret(key.bytes());
    return key;
}

/// Compares as memcmp() may: until the first difference.
__attribute__((noinline)) bool is_equal_until_it_differs(Bytes left, Bytes right) {
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (left[i] != right[i]) {
            return false;
        }
    }
    return true;
}

// If these two do not fail, the others prove nothing.
TEST_F(ConstantTime, AComparisonThatEndsEarlyIsReported) {
    const crypto::PresharedKey key = secret_key();
    const std::array<std::byte, crypto::kKeySize> guess{};
    bool same = is_equal_until_it_differs(key.bytes(), guess);
    mark_public(same);
    EXPECT_FALSE(same);
    EXPECT_GT(reported(), 0U);
}

TEST_F(ConstantTime, ALookUpBySecretIsReported) {
    const crypto::PresharedKey key = secret_key();
    std::array<std::byte, 256> table{};
    table[7] = std::byte{1};
    std::byte found = table[std::to_integer<std::size_t>(key.bytes()[0])];
    mark_public(found);
    EXPECT_LE(found, std::byte{1});
    EXPECT_GT(reported(), 0U);
}

TEST_F(ConstantTime, ComparingSecrets) {
    const crypto::PresharedKey one = secret_key();
    const crypto::PresharedKey other = secret_key();
    EXPECT_FALSE(one == other);
    EXPECT_FALSE(one.is_zero());
    EXPECT_TRUE(one == one.clone());
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, ComparingAMac) {
    const crypto::PresharedKey key = secret_key();
    const std::array<std::byte, 116> message{};
    crypto::Mac right = crypto::mac(key.bytes(), message);
    EXPECT_TRUE(is_secret(right));
    crypto::Mac received = right;
    mark_public(received);
    EXPECT_TRUE(crypto::is_mac(right, received));
    received[0] ^= std::byte{1};
    EXPECT_FALSE(crypto::is_mac(right, received));
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, ClampingAPrivateKey) {
    crypto::PrivateKey key = secret_key();
    crypto::clamp(key);
    EXPECT_TRUE(is_secret(key.bytes()));
    mark_public(key.bytes());
    EXPECT_EQ(key.bytes().back() & std::byte{0xc0}, std::byte{0x40});
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, DerivingAPublicKey) {
    crypto::PublicKey key = crypto::public_key_of(private_key());
    EXPECT_TRUE(is_secret(key.bytes));
    mark_public(key.bytes);
    EXPECT_TRUE(key.is_sound());
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, AgreeingOnASecret) {
    const crypto::PublicKey theirs = crypto::public_key_of(crypto::generate_private_key());
    const auto shared = crypto::shared_secret(private_key(), theirs);
    ASSERT_TRUE(shared);
    EXPECT_TRUE(is_secret(shared->bytes()));
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, WritingAKeyAsText) {
    const crypto::PresharedKey key = secret_key();
    auto base64 = crypto::encode_base64(key);
    auto hex = crypto::encode_hex(key);
    EXPECT_TRUE(is_secret(std::as_bytes(std::span{base64}).first(43)));
    EXPECT_TRUE(is_secret(std::as_bytes(std::span{hex})));
    mark_public(base64);
    mark_public(hex);
    EXPECT_EQ(base64.back(), '=');
    EXPECT_EQ(reported(), 0U);
}

// libsodium asks of each letter whether it is a digit, and at the end whether the bits behind the
// key are zeros. So much a key that is read from a file shows, once, to whoever measures on the
// host.
TEST_F(ConstantTime, ReadingAKeyAsTextShowsOnlyWhetherEachLetterIsADigit) {
    auto text = crypto::encode_base64(crypto::generate_preshared_key());
    mark_secret(std::as_bytes(std::span{text}).first(43));
    const auto key = crypto::decode_base64({text.data(), text.size()});
    ASSERT_TRUE(key);
    EXPECT_TRUE(is_secret(key->bytes()));
    EXPECT_EQ(reported(), 43U + 1U);
}

/// A host whose private key is secret, and its public key known.
crypto::Identity identity() {
    crypto::Identity made{private_key()};
    mark_public(made.public_key.bytes);
    return made;
}

TEST_F(ConstantTime, AHandshakeWithAPresharedKeyOnBothSides) {
    const crypto::Identity alice = identity();
    const crypto::Identity bob = identity();
    const crypto::PresharedKey preshared = secret_key();
    const auto to_bob = crypto::remote_identity(alice, bob.public_key, preshared);
    const auto to_alice = crypto::remote_identity(bob, alice.public_key, preshared);
    ASSERT_TRUE(to_bob && to_alice);

    auto initiator = crypto::Initiator::begin(alice, *to_bob, private_key(), {}, 1);
    ASSERT_TRUE(initiator);
    tg_wg_initiation initiation = initiator->message();
    mark_public(initiation);
    auto responder = crypto::Responder::open(bob, initiation);
    ASSERT_TRUE(responder);
    EXPECT_TRUE(responder->read_timestamp(*to_alice));
    auto answer = responder->answer(*to_alice, private_key(), 2);
    ASSERT_TRUE(answer);
    mark_public(answer->message);
    const auto secrets = initiator->finish(alice, *to_bob, answer->message);
    ASSERT_TRUE(secrets);
    EXPECT_TRUE(is_secret(secrets->sending.bytes()));
    EXPECT_TRUE(secrets->sending == answer->secrets.receiving);
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, AHandshakeThatIsNotAuthentic) {
    const crypto::Identity alice = identity();
    const crypto::Identity bob = identity();
    const auto to_bob = crypto::remote_identity(alice, bob.public_key, secret_key());
    auto initiator = crypto::Initiator::begin(alice, to_bob.value(), private_key(), {}, 1);
    tg_wg_initiation initiation = initiator.value().message();
    mark_public(initiation);
    initiation.sealed_static[3] ^= 1;
    EXPECT_FALSE(crypto::Responder::open(bob, initiation));
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, CheckingMac1AndACookie) {
    const crypto::PublicKey ours = crypto::public_key_of(crypto::generate_private_key());
    crypto::CookieChecker checker{ours};
    mark_secret(checker.secrets(kNow).current.bytes());
    crypto::CookieJar jar{ours};
    const crypto::Source source{{}, 51820};
    tg_wg_initiation message{};
    std::ignore = jar.seal(bytes_of(message), kNow);
    EXPECT_EQ(checker.check(bytes_of(message), source, kNow),
              crypto::CookieChecker::Verdict::good_mac1);

    tg_wg_cookie_reply reply = checker.reply(bytes_of(message), source, {}, kNow);
    EXPECT_TRUE(is_secret(bytes_of(reply.sealed_cookie)));
    mark_public(reply);
    ASSERT_TRUE(jar.take(reply, kNow));
    EXPECT_TRUE(jar.seal(bytes_of(message), kNow));
    EXPECT_EQ(checker.check(bytes_of(message), source, kNow),
              crypto::CookieChecker::Verdict::good_mac2);
    message.mac2[9] ^= 1;
    EXPECT_EQ(checker.check(bytes_of(message), source, kNow),
              crypto::CookieChecker::Verdict::good_mac1);
    EXPECT_EQ(reported(), 0U);
}

TEST_F(ConstantTime, TheMacsOfASite) {
    const crypto::WallTime now{std::chrono::hours{500'000}};
    crypto::StealthKey site{secret_key()};
    tg_wg_initiation message{};
    site.seal(bytes_of(message), now);
    EXPECT_TRUE(is_secret(bytes_of(message.mac2)));
    mark_public(message);
    EXPECT_TRUE(site.verify(bytes_of(message), now));
    message.mac2[0] ^= 1;
    EXPECT_FALSE(site.verify(bytes_of(message), now));
    EXPECT_EQ(reported(), 0U);
}

/// The ciphers of the data path.
class ConstantTimeCipher : public ConstantTime,
                           public testing::WithParamInterface<std::unique_ptr<crypto::Aead> (*)()> {
  protected:
    static constexpr std::size_t kSize = 333;
    static constexpr std::size_t kMessages = 5;

    void SetUp() override {
        ConstantTime::SetUp();
        for (std::size_t i = 0; i < kMessages; ++i) {
            buffers_[i].resize(kSize + crypto::kTagSize);
            mark_secret(Bytes{buffers_[i]}.first(kSize));
            messages_[i] = {buffers_[i].data(), kSize, false, i};
        }
    }
    void send() {
        aead_->seal(key_, messages_);
        for (const auto& buffer : buffers_) {
            EXPECT_TRUE(is_secret(buffer));
            mark_public(buffer);
        }
    }

    std::unique_ptr<crypto::Aead> aead_ = GetParam()();
    crypto::SymmetricKey key_ = secret_key();
    std::array<std::vector<std::byte>, kMessages> buffers_;
    std::array<crypto::AeadMessage, kMessages> messages_;
};

TEST_P(ConstantTimeCipher, Sealing) {
    send();
    EXPECT_EQ(reported(), 0U);
}

// OpenSSL looks itself whether a tag is right, where its answer cannot be marked: one branch for
// each message.
TEST_P(ConstantTimeCipher, Opening) {
    send();
    buffers_[1][0] ^= std::byte{1};
    aead_->open(key_, messages_);
    std::size_t authentic = 0;
    for (crypto::AeadMessage& message : messages_) {
        mark_public(message.authentic);
        authentic += message.authentic ? 1U : 0U;
    }
    EXPECT_EQ(authentic, kMessages - 1);
    EXPECT_EQ(reported(), aead_->name() == "openssl" ? kMessages : 0U);
}

INSTANTIATE_TEST_SUITE_P(All,
                         ConstantTimeCipher,
                         testing::Values(&crypto::make_openssl_aead,
                                         &crypto::make_sodium_aead,
                                         &crypto::make_lanes_aead));

}  // namespace
}  // namespace tollgate::test
