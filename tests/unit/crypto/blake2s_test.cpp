// SPDX-License-Identifier: MIT
#include "crypto/blake2s.hpp"

#include <cstdint>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::ascii;
using test::counting;
using test::hex;

std::vector<std::byte> blake2s(std::size_t digest_size, Bytes input, Bytes key = {}) {
    std::vector<std::byte> digest(digest_size);
    Blake2s hash{digest_size, key};
    hash.update(input);
    hash.finish(digest);
    return digest;
}

/// RFC 7693, appendix E: the input of the self-test, a Fibonacci sequence from a seed.
std::vector<std::byte> fibonacci(std::size_t size) {
    std::uint32_t a = 0xDEAD4BADU * static_cast<std::uint32_t>(size);
    std::uint32_t b = 1;
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) {
        const std::uint32_t sum = a + b;
        a = b;
        b = sum;
        byte = static_cast<std::byte>(sum >> 24U);
    }
    return bytes;
}

TEST(Blake2s, HashesTheExampleOfTheRfc) {  // RFC 7693, appendix B
    EXPECT_EQ(hex(hash({ascii("abc")})),
              "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

TEST(Blake2s, PassesTheSelfTestOfTheRfc) {  // RFC 7693, appendix E
    Blake2s all{kHashSize};
    for (const std::size_t digest_size : {16U, 20U, 28U, 32U}) {
        for (const std::size_t size : {0U, 3U, 64U, 65U, 255U, 1024U}) {
            all.update(blake2s(digest_size, fibonacci(size)));
            all.update(blake2s(digest_size, fibonacci(size), fibonacci(digest_size)));
        }
    }
    Hash digest{};
    all.finish(digest);
    EXPECT_EQ(hex(digest), "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe");
}

TEST(Blake2s, HashesUnderAKey) {  // from hashlib.blake2s
    const auto key = counting(32);
    EXPECT_EQ(hex(blake2s(32, {}, key)),
              "48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49");
    EXPECT_EQ(hex(blake2s(32, counting(64), key)),
              "8975b0577fd35566d750b362b0897a26c399136df07bababbde6203ff2954ed4");
    EXPECT_EQ(hex(blake2s(32, counting(255), key)),
              "3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd");
}

TEST(Blake2s, TheMacOfAMessageHas16Bytes) {  // from hashlib.blake2s
    EXPECT_EQ(hex(mac(counting(32), counting(116))), "072e94ffbfc684bd8ab2a1b9dade2fd5");
}

TEST(Blake2s, TheDigestIsTheSameHoweverTheInputIsCut) {
    const auto input = counting(200);
    const auto whole = blake2s(32, input);
    for (std::size_t cut = 0; cut <= input.size(); ++cut) {
        EXPECT_EQ(hex(hash({Bytes{input}.first(cut), Bytes{input}.subspan(cut)})), hex(whole))
            << cut;
    }
}

TEST(Blake2s, AKeyIsNotAPrefixOfTheInput) {
    EXPECT_NE(blake2s(32, counting(64)), blake2s(32, Bytes{}, counting(32)));
}

}  // namespace
}  // namespace tollgate::crypto
