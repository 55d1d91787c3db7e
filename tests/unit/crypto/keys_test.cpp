// SPDX-License-Identifier: MIT
#include "crypto/keys.hpp"

#include <array>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "tests/support/hex.hpp"

namespace tollgate::crypto {
namespace {

using test::hex;
using test::unhex_public_key;
using test::unhex_secret;

// RFC 7748, 6.1: Alice's; the base64 is from Python.
constexpr const char* kHex = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
constexpr std::string_view kBase64 = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";

template <std::size_t N>
std::string_view view(const std::array<char, N>& text) {
    return {text.data(), text.size()};
}

TEST(Keys, AreWrittenAndReadInBothForms) {
    const auto key = unhex_secret(kHex);
    EXPECT_EQ(view(encode_hex(key)), kHex);
    EXPECT_EQ(view(encode_base64(key)), kBase64);
    EXPECT_EQ(decode_hex(kHex), key);
    EXPECT_EQ(decode_base64(kBase64), key);
    EXPECT_EQ(unhex_public_key(kHex).to_base64(), kBase64);
    EXPECT_EQ(PublicKey::parse_base64(kBase64), unhex_public_key(kHex));
}

TEST(Keys, WhatIsWrittenIsRead) {
    for (int i = 0; i < 1000; ++i) {
        const auto key = generate_preshared_key();
        ASSERT_EQ(decode_base64(view(encode_base64(key))), key);
        ASSERT_EQ(decode_hex(view(encode_hex(key))), key);
    }
}

TEST(Keys, HexMayBeInCapitals) {
    EXPECT_EQ(decode_hex("77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A"),
              unhex_secret(kHex));
}

TEST(Keys, TextOfAnyOtherLengthIsRefused) {
    const std::string hex_twice = std::string(kHex) + kHex;
    for (std::size_t size = 0; size <= hex_twice.size(); ++size) {
        EXPECT_EQ(decode_hex(hex_twice.substr(0, size)).has_value(), size == 64) << size;
    }
    const std::string base64_twice = std::string(kBase64) + std::string(kBase64);
    for (std::size_t size = 0; size <= base64_twice.size(); ++size) {
        const auto text = base64_twice.substr(0, size);
        EXPECT_EQ(decode_base64(text).has_value(), size == 44) << size;
        EXPECT_EQ(PublicKey::parse_base64(text).has_value(), size == 44) << size;
    }
}

TEST(Keys, ACharacterThatIsNoDigitIsRefusedAtEveryPlace) {
    using std::string_view_literals::operator""sv;
    for (const char bad : "\0 \n-_=.:g\x80\xff"sv) {
        for (std::size_t i = 0; i < 64; ++i) {
            std::string text = kHex;
            text[i] = bad;
            EXPECT_FALSE(decode_hex(text)) << i << " " << int{bad};
        }
        for (std::size_t i = 0; i < (bad == 'g' ? 0 : 43); ++i) {
            std::string text{kBase64};
            text[i] = bad;
            EXPECT_FALSE(decode_base64(text)) << i << " " << int{bad};
        }
    }
}

TEST(Keys, BitsBehindTheLastAreRefused) {  // else a key would have four texts
    std::string text{kBase64};
    for (const char last : {'p', 'q', 'r'}) {
        text[42] = last;
        EXPECT_FALSE(decode_base64(text)) << last;
    }
    text = std::string{kBase64};
    text.back() = 'A';
    EXPECT_FALSE(decode_base64(text));
}

TEST(Keys, AreShortInLogs) {
    EXPECT_EQ(unhex_public_key(kHex).to_short(), "dwdt…5LCo");
}

TEST(Keys, ClampingSetsTheBitsOfTheRfc) {  // RFC 7748, 5
    auto key = unhex_secret("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    clamp(key);
    EXPECT_EQ(hex(key.bytes()), "f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    key.wipe();
    clamp(key);
    EXPECT_EQ(hex(key.bytes()), "0000000000000000000000000000000000000000000000000000000000000040");
}

TEST(Keys, GeneratedOnesAreClampedAndDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto key = generate_private_key();
        auto clamped = key.clone();
        clamp(clamped);
        ASSERT_EQ(key, clamped);
        ASSERT_TRUE(seen.insert(hex(key.bytes())).second);
        ASSERT_TRUE(seen.insert(hex(generate_preshared_key().bytes())).second);
        ASSERT_TRUE(public_key_of(key).is_sound());
    }
}

TEST(Keys, AKeyThatIsNotClampedHasThePublicKeyOfTheClampedOne) {
    auto key = unhex_secret(kHex);
    const PublicKey expected = public_key_of(key);
    clamp(key);
    EXPECT_EQ(public_key_of(key), expected);
}

TEST(PublicKey, HashesApart) {
    std::set<std::size_t> hashes;
    for (int i = 0; i < 1000; ++i) {
        hashes.insert(PublicKeyHash{}(public_key_of(generate_private_key())));
    }
    EXPECT_EQ(hashes.size(), 1000);
}

}  // namespace
}  // namespace tollgate::crypto
