// SPDX-License-Identifier: MIT
#include "agent/tunnel/checksum.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/support/host_packets.hpp"

namespace tollgate::agent {
namespace {

test::Packet random_bytes(std::mt19937& random, std::size_t size) {
    test::Packet bytes(size);
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(random());
    }
    return bytes;
}

// RFC 1071, 3: 0001 f203 f4f5 f6f7 sum to ddf2.
TEST(InternetSum, IsTheExampleOfTheRfc) {
    const test::Packet bytes{std::byte{0x00},
                             std::byte{0x01},
                             std::byte{0xf2},
                             std::byte{0x03},
                             std::byte{0xf4},
                             std::byte{0xf5},
                             std::byte{0xf6},
                             std::byte{0xf7}};
    EXPECT_EQ(InternetSum{}.add(bytes).folded(), 0xddf2);
    EXPECT_EQ(InternetSum{}.add(bytes).checksum(), 0x220d);
}

TEST(InternetSum, IsThatOfTheWordByWordLoopAtEverySizeAndAlignment) {
    std::mt19937 random{1};
    for (std::size_t size = 0; size < 300; ++size) {
        const test::Packet bytes = random_bytes(random, size + 8);
        for (std::size_t at = 0; at < 8; ++at) {
            const crypto::Bytes piece{&bytes[at], size};
            ASSERT_EQ(InternetSum{}.add(piece).folded(), test::plain_sum(piece)) << size;
        }
    }
}

TEST(InternetSum, CarriesNothingAwayInTheLongestPacketOfOnes) {
    const test::Packet bytes(65'535, std::byte{0xff});
    EXPECT_EQ(InternetSum{}.add(bytes).folded(), test::plain_sum(bytes));
}

TEST(InternetSum, IsTheSameInPieces) {
    std::mt19937 random{2};
    const test::Packet bytes = random_bytes(random, 1001);
    for (std::size_t cut = 0; cut < bytes.size(); cut += 2) {
        InternetSum sum;
        sum.add({bytes.data(), cut}).add({&bytes[cut], bytes.size() - cut});
        ASSERT_EQ(sum.folded(), test::plain_sum(bytes));
    }
}

TEST(InternetSum, TakesFieldsAsNumbers) {
    test::Packet bytes(4);
    test::put16(bytes, 0, 0x1234);
    test::put16(bytes, 2, 0xfedc);
    EXPECT_EQ(InternetSum{}.add_field(0x1234).add_field(0xfedc).folded(), test::plain_sum(bytes));
}

}  // namespace
}  // namespace tollgate::agent
