// SPDX-License-Identifier: MIT
#include <array>
#include <string>

#include <gmock/gmock.h>

#include "crypto/keys.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::hex;
using test::unhex_public_key;
using test::unhex_secret;

struct Exchange {
    const char* mine;
    const char* theirs;
    const char* shared;
};

std::string shared_hex(const PrivateKey& mine, const PublicKey& theirs) {
    const auto secret = shared_secret(mine, theirs);
    return secret ? hex(secret->bytes()) : "refused";
}

std::string shared_hex(const Exchange& exchange) {
    return shared_hex(unhex_secret(exchange.mine), unhex_public_key(exchange.theirs));
}

TEST(X25519, AgreesWithTheFirstVectorOfTheRfc) {  // RFC 7748, 5.2
    EXPECT_EQ(
        shared_hex(Exchange{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                            ""}),
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST(X25519, RefusesTheSecondVectorOfTheRfcForItsTopBit) {  // RFC 7748, 5.2
    constexpr const char* kMine =
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d";
    EXPECT_EQ(shared_hex(Exchange{
                  kMine, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", ""}),
              "refused");
    EXPECT_EQ(shared_hex(Exchange{
                  kMine, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413", ""}),
              "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

TEST(X25519, AgreesWithTheRfcAfterAThousandIterations) {  // RFC 7748, 5.2
    std::string k = "0900000000000000000000000000000000000000000000000000000000000000";
    std::string u = k;
    for (int i = 0; i < 1000; ++i) {
        auto point = unhex_public_key(u);
        point.bytes.back() &= std::byte{0x7f};
        u = k;
        k = shared_hex(unhex_secret(k), point);
        if (i == 0) {
            EXPECT_EQ(k, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        }
    }
    EXPECT_EQ(k, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(X25519, BothSidesOfTheExampleOfTheRfcAgree) {  // RFC 7748, 6.1
    const auto alice =
        unhex_secret("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const auto bob =
        unhex_secret("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    constexpr const char* kShared =
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    EXPECT_EQ(hex(public_key_of(alice).bytes),
              "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    EXPECT_EQ(hex(public_key_of(bob).bytes),
              "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    EXPECT_EQ(shared_hex(alice, public_key_of(bob)), kShared);
    EXPECT_EQ(shared_hex(bob, public_key_of(alice)), kShared);
}

// From Wycheproof, x25519_test.json: points on the twist, and of special forms.
TEST(X25519, AgreesWithWycheproofOnPointsOfTheTwist) {
    constexpr std::array kExchanges{
        Exchange{"c8a9d5a91091ad851c668b0736c1c9a02936c0d3ad62670858088047ba057475",
                 "504a36999f489cd2fdbc08baff3d88fa00569ba986cba22548ffde80f9806829",
                 "436a2c040cf45fea9b29a0cb81b1f41458f863d0d61b453d0a982720d6d61320"},
        Exchange{"d85d8c061a50804ac488ad774ac716c3f5ba714b2712e048491379a500211958",
                 "63aa40c6e38346c5caf23a6df0a5e6c80889a08647e551b3563449befcfc9733",
                 "279df67a7c4611db4708a0e8282b195e5ac0ed6f4b2f292c6fbd0acac30d1332"},
        Exchange{"c8b45bfd32e55325d9fd648cb302848039000b390e44d521e58aab3b29a6964b",
                 "0f83c36fded9d32fadf4efa3ae93a90bb5cfa66893bc412c43fa7287dbb99779",
                 "4bc7e01e7d83d6cf67632bf90033487a5fc29eba5328890ea7b1026d23b9a45f"},
        Exchange{"d03edde9f3e7b799045f9ac3793d4a9277dadeadc41bec0290f81f744f73775f",
                 "0200000000000000000000000000000000000000000000000000000000000000",
                 "b87a1722cc6c1e2feecb54e97abd5a22acc27616f78f6e315fd2b73d9f221e57"},
        Exchange{"e09d57a914e3c29036fd9a442ba526b5cdcdf28216153e636c10677acab6bd6a",
                 "0300000000000000000000000000000000000000000000000000000000000000",
                 "a29d8dad28d590cd3017aa97a4761f851bf1d3672b042a4256a45881e2ad9035"},
    };
    for (const Exchange& exchange : kExchanges) {
        EXPECT_EQ(shared_hex(exchange), exchange.shared) << exchange.theirs;
    }
}

TEST(X25519, AgreesWithWycheproofOnPointsOfSpecialForm) {
    constexpr std::array kExchanges{
        Exchange{"68e134092e94e622c8a0cd18aff55be23dabd994ebdee982d90601f6f0f4b369",
                 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1f",
                 "74bfc15e5597e9f5193f941e10a5c008fc89f051392723886a4a8fe5093a7354"},
        Exchange{"e8e43fc1ebac0bbc9b99c8035ee1ac59b90f19a16c42c0b90f96adfcc5fdee78",
                 "0000000000000000000000000000000000000000000000000000000000000020",
                 "0d41a5b3af770bf2fcd34ff7972243a0e2cf4d34f2046a144581ae1ec68df03b"},
        Exchange{"18bffb16f92680a9e267473e43c464476d5372ddd1f664f3d0678efe7c98bc79",
                 "000000fcffff070000e0ffff3f000000ffffff010000f8ffff0f0000c0ffff7f",
                 "5894e0963583ae14a0b80420894167f4b759c8d2eb9b69cb675543f66510f646"},
        Exchange{"300305eb002bf86c71fe9c0b311993727b9dc618d0ce7251d0dfd8552d17905d",
                 "ffffffffffffff00000000000000ffffffffffffff00000000000000ffffff7f",
                 "f8624d6e35e6c548ac47832f2e5d151a8e53b9290363b28d2ab8d84ab7cb6a72"},
        Exchange{"80da9f02842247d4ade5ddbac51dbce55ea7dca2844e7f97ab8987ce7fd8bc71",
                 "00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffff7f",
                 "bfe183ba3d4157a7b53ef178613db619e27800f85359c0b39a9fd6e32152c208"},
    };
    for (const Exchange& exchange : kExchanges) {
        EXPECT_EQ(shared_hex(exchange), exchange.shared) << exchange.theirs;
    }
}

// Case W05
TEST(X25519, RefusesEveryPointOfLowOrder) {  // they give zeros with any key
    for (const char* const theirs : {
             "0000000000000000000000000000000000000000000000000000000000000000",
             "0100000000000000000000000000000000000000000000000000000000000000",
             "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
             "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
         }) {
        EXPECT_FALSE(unhex_public_key(theirs).is_sound()) << theirs;
        EXPECT_FALSE(shared_secret(generate_private_key(), unhex_public_key(theirs))) << theirs;
    }
}

// Case W19
TEST(X25519, RefusesEveryPointThatIsNotBelowThePrime) {
    auto theirs = unhex_public_key(  // the prime
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    for (unsigned last = 0xed; last <= 0xff; ++last) {
        theirs.bytes.front() = static_cast<std::byte>(last);
        EXPECT_FALSE(theirs.is_sound()) << last;
        EXPECT_FALSE(shared_secret(generate_private_key(), theirs)) << last;
    }
    theirs.bytes.front() = std::byte{0xeb};  // the greatest that is neither of low order
    EXPECT_TRUE(theirs.is_sound());
    EXPECT_TRUE(shared_secret(generate_private_key(), theirs));
}

// Case W19
TEST(X25519, RefusesAPointWithTheTopBitSet) {
    auto theirs = public_key_of(generate_private_key());
    EXPECT_TRUE(theirs.is_sound());
    theirs.bytes.back() |= std::byte{0x80};
    EXPECT_FALSE(theirs.is_sound());
    EXPECT_FALSE(shared_secret(generate_private_key(), theirs));
}

}  // namespace
}  // namespace tollgate::crypto
