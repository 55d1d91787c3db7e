// SPDX-License-Identifier: MIT
#include "crypto/aead.hpp"

#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "crypto/blake2s.hpp"
#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::counting;
using test::hex;

SymmetricKey key() {
    return test::unhex_secret("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
}

AeadMessage message_of(std::vector<std::byte>& bytes, std::uint64_t counter) {
    return {.bytes = bytes.data(),
            .size = static_cast<std::uint32_t>(bytes.size() - kTagSize),
            .counter = counter};
}

class AeadTest : public testing::TestWithParam<std::unique_ptr<Aead> (*)()> {
  protected:
    std::vector<std::byte> seal(std::vector<std::byte> plain, std::uint64_t counter) {
        plain.resize(plain.size() + kTagSize);
        AeadMessage message = message_of(plain, counter);
        aead_->seal(key(), {&message, 1});
        return plain;
    }

    /// The plaintext in hex, or "refused".
    std::string open(std::vector<std::byte> sealed, std::uint64_t counter) {
        AeadMessage message = message_of(sealed, counter);
        aead_->open(key(), {&message, 1});
        return message.authentic ? hex({message.bytes, message.size}) : "refused";
    }

    std::unique_ptr<Aead> aead_ = GetParam()();
};

INSTANTIATE_TEST_SUITE_P(Openssl, AeadTest, testing::Values(&make_openssl_aead));
INSTANTIATE_TEST_SUITE_P(Lanes, AeadTest, testing::Values(&make_lanes_aead));
INSTANTIATE_TEST_SUITE_P(Sodium, AeadTest, testing::Values(&make_sodium_aead));

TEST_P(AeadTest, SealsAsAnotherImplementationDoes) {  // Python's cryptography; hashes of the result
    struct Known {
        std::size_t size;
        const char* digest;
    };
    constexpr std::array kKnown{
        Known{0, "0d34e8f228492ec86d6b4c4ffe21d92a"},
        Known{1, "3dbfb1456f8b0f9240fb418b976cc9c2"},
        Known{15, "446ec574d742e516df2042344c233a7e"},
        Known{16, "69b16a89e5bcbaef1cfac4582adc602e"},
        Known{17, "4447215694e4656e171152351ff5e6c6"},
        Known{63, "0d9d2ce648c2b92c6456509061e19ceb"},
        Known{64, "1849978db507832ff519c114c987bd10"},
        Known{65, "78bce42d82fa8cf14ad9354a891539b8"},
        Known{127, "f4e4cef9ac9ae9f32c69f94948593670"},
        Known{128, "a924f4021b9c617cc9d757597cd638ee"},
        Known{129, "2e7db9a36aa798648ae149022befd25b"},
        Known{255, "9b6e9e52b6e9740db5a353b834b48f66"},
        Known{256, "668223c85b972b9f239bee649d08e7f0"},
        Known{257, "27d7b3c311f1d5cc18659f1955f08875"},
        Known{511, "d33509b0b2e5ac7d46fae2b5b30601dc"},
        Known{512, "b4251fc09e653d86b5d574642ba318cb"},
        Known{513, "4ea40dd72170387866275b092919f7b8"},
        Known{1023, "03d3c4b4138a4188219b6793f2f8e247"},
        Known{1024, "4d497a88165c295b6d7417f8ad263296"},
        Known{1025, "839d9e3b2f449719f0dd71ca4d61a0ee"},
        Known{1440, "429d733df8eeda4bb655ed2a24ee2815"},
        Known{1500, "4815c82d15368d2e30e54c17c65ef4d0"},
        Known{65535, "6aeeddd22c17f5cbd4fdf1307ee4d28d"},
    };
    for (const Known& known : kKnown) {
        const auto sealed = seal(counting(known.size), 0x0102030405060708 + known.size);
        EXPECT_EQ(hex(mac({}, sealed)), known.digest) << known.size;
        EXPECT_EQ(open(sealed, 0x0102030405060708 + known.size), hex(counting(known.size)));
    }
}

// Sums at the edges of what Poly1305 carries; the tags are from Python's cryptography.
TEST_P(AeadTest, AuthenticatesCiphertextAtTheEdgesOfPoly1305) {
    struct Known {
        std::byte ciphertext;
        std::size_t size;
        const char* tag;
    };
    constexpr std::array kKnown{
        Known{std::byte{0xff}, 16, "ea7f929bef541175af9386ad6169a213"},
        Known{std::byte{0xff}, 32, "c137ff02fdfa1dff5d50f32307247449"},
        Known{std::byte{0xff}, 64, "9209d4350e581b2330949e9c3a0f59f7"},
        Known{std::byte{0xff}, 1440, "366ae1717359049bf9c272af6bf7ed2e"},
        Known{std::byte{0x00}, 16, "9e02794a5c664c084b4b1768a8a113df"},
        Known{std::byte{0x00}, 32, "616f45282a9ee09dd46da1163dee1cf6"},
        Known{std::byte{0x00}, 64, "57c52f3793c6f100f4308f3da869bbb0"},
        Known{std::byte{0x00}, 1440, "61a722cd243574d44c75e19d714fcbb5"},
        Known{std::byte{0xfb}, 16, "48d24a98395929400c12c2fe97be3276"},
        Known{std::byte{0xfb}, 32, "41d987f63badc52bb02c177d887c294c"},
        Known{std::byte{0xfb}, 64, "901571cd91218b1b190a52ccb31edf97"},
        Known{std::byte{0xfb}, 1440, "0f51c3e6229a853648483dc064901137"},
    };
    for (const Known& known : kKnown) {
        auto plain = seal(std::vector<std::byte>(known.size), 7);  // the key stream
        plain.resize(known.size);
        for (std::byte& byte : plain) {
            byte ^= known.ciphertext;
        }
        const auto sealed = seal(plain, 7);
        EXPECT_EQ(sealed.front(), known.ciphertext);
        EXPECT_EQ(hex(Bytes{sealed}.last(kTagSize)), known.tag);
        EXPECT_EQ(open(sealed, 7), hex(plain));
    }
}

TEST_P(AeadTest, AMessageIsAFieldWithoutAdditionalData) {
    const auto sealed = seal(counting(265), 0x0807060504030201);
    std::vector<std::byte> plain(265);
    EXPECT_TRUE(open_field(key(), 0x0807060504030201, sealed, {}, plain));
    EXPECT_EQ(plain, counting(265));
}

TEST_P(AeadTest, EveryFlippedBitOfTheTagIsRefused) {
    for (const std::size_t size : {0U, 1U, 64U, 1440U}) {
        const auto good = seal(counting(size), 1);
        for (std::size_t bit = 0; bit < kTagSize * 8; ++bit) {
            auto bad = good;
            bad[size + bit / 8] ^= std::byte{1} << (bit % 8);
            EXPECT_EQ(open(bad, 1), "refused") << size << ", bit " << bit;
        }
        EXPECT_EQ(open(good, 1), hex(counting(size)));
    }
}

TEST_P(AeadTest, EveryFlippedByteOfTheCiphertextIsRefused) {
    const auto good = seal(counting(300), 1);
    for (std::size_t i = 0; i < 300; ++i) {
        auto bad = good;
        bad[i] ^= std::byte{0x80};
        EXPECT_EQ(open(bad, 1), "refused") << i;
    }
}

// Case W06
TEST_P(AeadTest, EveryTruncationIsRefused) {
    const auto good = seal(counting(80), 1);
    for (std::size_t size = kTagSize; size < good.size(); ++size) {
        EXPECT_EQ(open({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}, 1),
                  "refused")
            << size;
    }
}

TEST_P(AeadTest, AnotherCounterOrKeyIsRefused) {
    const auto good = seal(counting(80), 1);
    EXPECT_EQ(open(good, 0), "refused");
    EXPECT_EQ(open(good, 1 + (std::uint64_t{1} << 32U)), "refused");
    auto bytes = good;
    AeadMessage message = message_of(bytes, 1);
    SymmetricKey other = key();
    other.bytes()[0] ^= std::byte{1};
    aead_->open(other, {&message, 1});
    EXPECT_FALSE(message.authentic);
}

TEST_P(AeadTest, AVectorIsAsItsMessagesOneByOne) {
    std::vector<std::vector<std::byte>> sealed(64);
    std::vector<AeadMessage> messages;
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        sealed[i] = counting(23 * i);
        sealed[i].resize(23 * i + kTagSize);
        messages.push_back(message_of(sealed[i], UINT64_MAX - i));
    }
    aead_->seal(key(), messages);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        EXPECT_EQ(sealed[i], seal(counting(23 * i), UINT64_MAX - i)) << i;
    }
    sealed[5].back() ^= std::byte{1};
    aead_->open(key(), messages);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        EXPECT_EQ(messages[i].authentic, i != 5) << i;
        EXPECT_TRUE(i == 5 || hex({messages[i].bytes, messages[i].size}) == hex(counting(23 * i)));
    }
}

TEST_P(AeadTest, WritesNothingBehindTheTag) {
    std::vector<std::byte> bytes(100 + kTagSize + 64, std::byte{0xee});
    AeadMessage message{.bytes = bytes.data(), .size = 100, .counter = 1};
    aead_->seal(key(), {&message, 1});
    EXPECT_THAT(Bytes{bytes}.last(64), testing::Each(std::byte{0xee}));
    aead_->open(key(), {&message, 1});
    EXPECT_TRUE(message.authentic);
    EXPECT_THAT(Bytes{bytes}.last(64), testing::Each(std::byte{0xee}));
}

TEST_P(AeadTest, AnEmptyVectorDoesNothing) {
    aead_->seal(key(), {});
    aead_->open(key(), {});
    EXPECT_EQ(open(seal(counting(9), 2), 2), hex(counting(9)));
}

/// Random bytes: a plaintext with room for the tag.
std::vector<std::byte> any_message(std::mt19937_64& random, std::size_t size) {
    std::vector<std::byte> bytes(size + kTagSize);
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(random());
    }
    return bytes;
}

TEST(Aead, TheProvidersAgreeOnEverySize) {
    const std::array providers{make_openssl_aead(), make_sodium_aead(), make_lanes_aead()};
    std::mt19937_64 random(1);
    for (std::size_t size = 0; size <= 1501; ++size) {
        const auto plain = any_message(random, size == 1501 ? 65535 : size);
        const std::uint64_t counter = random();
        std::array<std::vector<std::byte>, providers.size()> buffers{plain, plain, plain};
        for (std::size_t i = 0; i < providers.size(); ++i) {
            AeadMessage message = message_of(buffers[i], counter);
            providers[i]->seal(key(), {&message, 1});
            ASSERT_EQ(buffers[i], buffers[0]) << size;
        }
        for (std::size_t i = 0; i < providers.size(); ++i) {
            AeadMessage message = message_of(buffers[i], counter);
            providers[i]->open(key(), {&message, 1});
            ASSERT_TRUE(message.authentic) << size;
            ASSERT_EQ(std::memcmp(message.bytes, plain.data(), message.size), 0) << size;
        }
    }
}

TEST(Aead, ProvidersHaveTheNamesOfTheirLibraries) {
    EXPECT_EQ(make_openssl_aead()->name(), "openssl");
    EXPECT_EQ(make_sodium_aead()->name(), "sodium");
    EXPECT_EQ(make_lanes_aead()->name(), "lanes");
}

}  // namespace
}  // namespace tollgate::crypto
