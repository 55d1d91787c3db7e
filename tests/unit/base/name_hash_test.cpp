// SPDX-License-Identifier: MIT
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <tollgate/abi/name_hash.h>
#include <tollgate/abi/policy.h>

namespace tollgate {
namespace {

constexpr std::uint64_t kPrime = TG_NAME_HASH_PRIME;

/// one * other + added, modulo the prime: by doubling, as not every processor has 128 bits.
std::uint64_t step(std::uint64_t one, std::uint64_t other, std::uint64_t added) {
    std::uint64_t result = added % kPrime;
    for (std::uint64_t power = one % kPrime; other != 0; other >>= 1U) {
        result = (result + (other % 2) * power) % kPrime;
        power = power * 2 % kPrime;
    }
    return result;
}

std::uint64_t hash_of(const std::string& name, std::uint64_t key) {
    std::uint64_t hash = TG_NAME_HASH_START;
    for (const char c : name) {
        hash = tg_name_hash_add(hash, key, static_cast<std::uint8_t>(c));
    }
    return tg_name_hash_finish(hash);
}

std::uint64_t expected(const std::string& name, std::uint64_t key) {
    std::uint64_t hash = 1;
    for (const char c : name) {
        hash = step(hash, key, static_cast<std::uint8_t>(c) + 1U);
    }
    return hash;
}

TEST(NameHash, OneStepIsExactAtTheEdgesOfEveryHalf) {
    std::set<std::uint64_t> edges;
    for (const std::uint64_t power : {0U, 1U, 28U, 29U, 31U, 32U, 33U, 59U, 60U, 61U}) {
        for (std::uint64_t difference = 0; difference <= 8; ++difference) {
            edges.insert((std::uint64_t{1} << power) + difference - 4);
        }
    }
    for (const std::uint64_t hash : edges) {
        for (const std::uint64_t key : edges) {
            if (hash > kPrime + 3 || key >= kPrime) {
                continue;
            }
            for (const unsigned value : {0U, 1U, 254U, 255U}) {
                const auto byte = static_cast<std::uint8_t>(value);
                const std::uint64_t next = tg_name_hash_add(hash, key, byte);
                ASSERT_LE(next, kPrime + 3) << hash << ' ' << key;
                ASSERT_EQ(tg_name_hash_finish(next), step(hash, key, byte + 1U))
                    << hash << ' ' << key;
            }
        }
    }
}

TEST(NameHash, IsThePolynomialOfTheName) {
    std::mt19937_64 random{20261122};
    for (int i = 0; i < 2000; ++i) {
        std::string name(static_cast<std::size_t>(random() % 254), '\0');
        for (char& c : name) {
            c = static_cast<char>(random());
        }
        const std::uint64_t key = 1 + random() % (kPrime - 1);
        ASSERT_EQ(hash_of(name, key), expected(name, key)) << key;
        ASSERT_EQ(hash_of(name, key) & TG_NAME_WILDCARD, 0U);
    }
    EXPECT_EQ(hash_of("", 5), 1U);
    EXPECT_EQ(hash_of("a", 5), 5U + 98U);
    EXPECT_EQ(hash_of("ab", 5), 25U + 98U * 5U + 99U);
}

TEST(NameHash, DependsOnTheKey) {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t key = 1; key <= 1000; ++key) {
        hashes.insert(hash_of("www.example.com", key * 0x1357'9bdf'0246));
    }
    EXPECT_EQ(hashes.size(), 1000U);
}

// As no fixed key can be ruled out, two that are as good as drawn.
TEST(NameHash, TellsLengthsAndZeroBytesApart) {
    for (const std::uint64_t key :
         {std::uint64_t{0x123456789abcdef}, std::uint64_t{0x1b2c3d4e5f607182}}) {
        std::set<std::uint64_t> hashes;
        for (std::size_t size = 0; size <= 253; ++size) {
            hashes.insert(hash_of(std::string(size, '\0'), key));
            hashes.insert(hash_of(std::string(size, '\xff') + "x", key));
        }
        EXPECT_EQ(hashes.size(), 2 * 254U) << key;
    }
}

}  // namespace
}  // namespace tollgate
