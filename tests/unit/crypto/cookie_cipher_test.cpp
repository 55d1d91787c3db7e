// SPDX-License-Identifier: MIT
#include <vector>

#include <gmock/gmock.h>

#include "crypto/aead.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::hex;
using test::unhex;
using test::unhex_array;

// draft-irtf-cfrg-xchacha-03, A.3.1.
constexpr const char* kSealed =
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52e"
    "c0875924c1c7987947deafd8780acf49";
constexpr const char* kAdditional = "50515253c0c1c2c3c4c5c6c7";

SymmetricKey key() {
    return test::unhex_secret("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
}

CookieNonce nonce() {
    return unhex_array<24>("404142434445464748494a4b4c4d4e4f5051525354555657");
}

std::vector<std::byte> plain() {
    return test::ascii(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.");
}

TEST(CookieCipher, SealsTheExampleOfTheDraft) {
    std::vector<std::byte> sealed(plain().size() + kTagSize);
    seal_cookie(key(), nonce(), plain(), unhex(kAdditional), sealed);
    EXPECT_EQ(hex(sealed), kSealed);
}

TEST(CookieCipher, OpensTheExampleOfTheDraft) {
    std::vector<std::byte> opened(plain().size());
    EXPECT_TRUE(open_cookie(key(), nonce(), unhex(kSealed), unhex(kAdditional), opened));
    EXPECT_EQ(opened, plain());
}

TEST(CookieCipher, EveryFlippedBitIsRefusedAndLeavesZeros) {
    const auto good = unhex(kSealed);
    std::vector<std::byte> opened(plain().size());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(open_cookie(key(), nonce(), bad, unhex(kAdditional), opened)) << bit;
        EXPECT_THAT(opened, testing::Each(std::byte{0})) << bit;
    }
}

TEST(CookieCipher, EveryByteOfTheNonceCounts) {
    std::vector<std::byte> opened(plain().size());
    for (std::size_t i = 0; i < nonce().size(); ++i) {
        CookieNonce other = nonce();
        other[i] ^= std::byte{1};
        EXPECT_FALSE(open_cookie(key(), other, unhex(kSealed), unhex(kAdditional), opened)) << i;
    }
}

}  // namespace
}  // namespace tollgate::crypto
