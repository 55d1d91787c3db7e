// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "crypto/blake2s.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::counting;
using test::hex;

// From Python's hmac with hashlib.blake2s.
constexpr const char* kFirst = "6ff66e10ab4a55ac8144a867fcd9f8ee64d4bd6239223338cb3437cf085ab031";
constexpr const char* kSecond = "203b22d63d63e35cebb9e40210cf8c1d7f90879428a4c766cda9ef34bb299398";
constexpr const char* kThird = "35a7b2fc3e4f59db341dbe588e3b75897980c463d5bbb855f8ed8134ff40133a";

Secret<kHashSize> chaining_key() {  // the hash of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s
    return test::unhex_secret("60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
}

TEST(Kdf, DerivesAsManyKeysAsAreAskedFor) {
    Secret<kHashSize> first;
    Secret<kHashSize> second;
    Secret<kHashSize> third;
    kdf(chaining_key(), counting(32), first);
    EXPECT_EQ(hex(first.bytes()), kFirst);

    kdf(chaining_key(), counting(32), first, second);
    EXPECT_EQ(hex(first.bytes()), kFirst);
    EXPECT_EQ(hex(second.bytes()), kSecond);

    kdf(chaining_key(), counting(32), first, second, third);
    EXPECT_EQ(hex(first.bytes()), kFirst);
    EXPECT_EQ(hex(second.bytes()), kSecond);
    EXPECT_EQ(hex(third.bytes()), kThird);
}

TEST(Kdf, DerivesFromNoInput) {
    Secret<kHashSize> first;
    Secret<kHashSize> second;
    kdf(chaining_key(), {}, first, second);
    EXPECT_EQ(hex(first.bytes()),
              "bd968725a9177942a8c2e4253d1dde31cf7b19ec001b4a3a3d141cd9d998d3ba");
    EXPECT_EQ(hex(second.bytes()),
              "aab5462b323780fa615bf80ffe469510239ff361575a663968e686a7ae41d693");
}

TEST(Kdf, TheNextChainingKeyMayTakeThePlaceOfTheOld) {
    Secret<kHashSize> key = chaining_key();
    Secret<kHashSize> second;
    kdf(key, counting(32), key, second);
    EXPECT_EQ(hex(key.bytes()), kFirst);
    EXPECT_EQ(hex(second.bytes()), kSecond);
}

}  // namespace
}  // namespace tollgate::crypto
