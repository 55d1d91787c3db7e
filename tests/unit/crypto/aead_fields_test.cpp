// SPDX-License-Identifier: MIT
#include <vector>

#include <gmock/gmock.h>

#include "crypto/aead.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::counting;
using test::hex;
using test::unhex;

constexpr std::uint64_t kCounter = 0x0807060504030201;

std::vector<std::byte> sealed_field(Bytes plain, Bytes additional) {
    std::vector<std::byte> sealed(plain.size() + kTagSize);
    seal_field(SymmetricKey{}, kCounter, plain, additional, sealed);
    return sealed;
}

TEST(Field, OpensTheExampleOfTheRfc) {  // RFC 8439, A.5: its nonce begins with 32 zero bits
    const auto key =
        test::unhex_secret("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
    const auto sealed = unhex(
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
        "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
        "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
        "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
        "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
        "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
        "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
        "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
        "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
    std::vector<std::byte> plain(sealed.size() - kTagSize);
    ASSERT_TRUE(open_field(key, kCounter, sealed, unhex("f33388860000000000004e91"), plain));
    const auto text = test::ascii("Internet-Drafts are draft documents valid for a maximum of six");
    EXPECT_EQ(hex(Bytes{plain}.first(text.size())), hex(text));

    std::vector<std::byte> again(sealed.size());
    seal_field(key, kCounter, plain, unhex("f33388860000000000004e91"), again);
    EXPECT_EQ(hex(again), hex(sealed));
}

TEST(Field, EveryFlippedBitIsRefusedAndLeavesZeros) {
    const auto good = sealed_field(counting(32), counting(8));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= std::byte{1} << (bit % 8);
        auto plain = counting(32);
        EXPECT_FALSE(open_field(SymmetricKey{}, kCounter, bad, counting(8), plain)) << bit;
        EXPECT_THAT(plain, testing::Each(std::byte{0})) << bit;
    }
}

TEST(Field, KeyCounterAndAdditionalDataCount) {
    const auto sealed = sealed_field(counting(12), counting(8));
    std::vector<std::byte> plain(12);
    SymmetricKey other;
    other.bytes()[31] = std::byte{1};
    EXPECT_FALSE(open_field(other, kCounter, sealed, counting(8), plain));
    EXPECT_FALSE(open_field(SymmetricKey{}, kCounter + 1, sealed, counting(8), plain));
    EXPECT_FALSE(open_field(SymmetricKey{}, kCounter, sealed, counting(7), plain));
    EXPECT_FALSE(open_field(SymmetricKey{}, kCounter, sealed, {}, plain));
    EXPECT_TRUE(open_field(SymmetricKey{}, kCounter, sealed, counting(8), plain));
    EXPECT_EQ(plain, counting(12));
}

TEST(Field, NothingIsATagAlone) {
    const auto sealed = sealed_field({}, counting(32));
    EXPECT_EQ(sealed.size(), kTagSize);
    EXPECT_TRUE(open_field(SymmetricKey{}, kCounter, sealed, counting(32), {}));
    EXPECT_FALSE(open_field(SymmetricKey{}, kCounter, sealed, counting(31), {}));
}

}  // namespace
}  // namespace tollgate::crypto
