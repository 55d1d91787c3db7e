// SPDX-License-Identifier: MIT
#include "crypto/keys.hpp"

#include <algorithm>
#include <cstring>

#include <sodium.h>

#include "crypto/raw.hpp"

namespace tollgate::crypto {
namespace {

constexpr std::size_t kBase64Size = 44;  // of 32 bytes
constexpr std::size_t kHexSize = 64;

using KeyBytes = std::array<std::byte, kKeySize>;

/// A number of 32 bytes from its hexadecimal digits, the most significant first.
constexpr KeyBytes number(std::string_view digits) {
    KeyBytes bytes{};
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const char digit = digits[digits.size() - 1 - i];
        const int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
        bytes[i / 2] |= static_cast<std::byte>(i % 2 == 0 ? value : value << 4);
    }
    return bytes;
}

constexpr KeyBytes kPrime =
    number("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");

/// The points of order 1, 2, 4 and 8 of the curve and of its twist, as far as they are below the
/// prime.
constexpr std::array kLowOrder{
    number("0"),
    number("1"),
    number("00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0"),
    number("57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5f"),
    number("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
};

/// Little-endian numbers.
bool is_less(const KeyBytes& left, const KeyBytes& right) {
    return std::lexicographical_compare(left.rbegin(), left.rend(), right.rbegin(), right.rend());
}

std::array<char, kBase64Size> to_base64(std::span<const std::byte, kKeySize> bytes) {
    std::array<char, kBase64Size + 1> terminated{};
    sodium_bin2base64(terminated.data(),
                      terminated.size(),
                      raw(bytes.data()),
                      bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    std::array<char, kBase64Size> text{};
    std::copy_n(terminated.begin(), text.size(), text.begin());
    sodium_memzero(terminated.data(), terminated.size());
    return text;
}

bool from_base64(std::string_view text, std::span<std::byte, kKeySize> bytes) {
    std::size_t written = 0;
    if (text.size() != kBase64Size || sodium_base642bin(raw(bytes.data()),
                                                        bytes.size(),
                                                        text.data(),
                                                        text.size(),
                                                        nullptr,
                                                        &written,
                                                        nullptr,
                                                        sodium_base64_VARIANT_ORIGINAL) != 0) {
        return false;
    }
    // libsodium 1.0.18 takes the byte 0xff for a digit.
    auto again = to_base64(bytes);
    const bool is_same = sodium_memcmp(again.data(), text.data(), again.size()) == 0;
    sodium_memzero(again.data(), again.size());
    return is_same && written == bytes.size();
}

}  // namespace

bool PublicKey::is_sound() const {
    return is_less(bytes, kPrime) &&
           std::find(kLowOrder.begin(), kLowOrder.end(), bytes) == kLowOrder.end();
}

std::string PublicKey::to_base64() const {
    const auto text = crypto::to_base64(bytes);
    return {text.data(), text.size()};
}

std::string PublicKey::to_short() const {
    const std::string text = to_base64();
    return text.substr(0, 4) + "…" + text.substr(kBase64Size - 5, 4);  // without the last, a '='
}

std::optional<PublicKey> PublicKey::parse_base64(std::string_view text) {
    PublicKey key;
    return from_base64(text, key.bytes) ? std::optional{key} : std::nullopt;
}

std::size_t PublicKeyHash::operator()(const PublicKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.bytes.data(), sizeof hash);
    return hash;
}

PrivateKey generate_private_key() {
    PrivateKey key;
    randombytes_buf(key.bytes().data(), kKeySize);
    clamp(key);
    return key;
}

PresharedKey generate_preshared_key() {
    PresharedKey key;
    randombytes_buf(key.bytes().data(), kKeySize);
    return key;
}

void clamp(PrivateKey& key) {
    const auto bytes = key.bytes();
    bytes.front() &= std::byte{0xf8};
    bytes.back() &= std::byte{0x7f};
    bytes.back() |= std::byte{0x40};
}

PublicKey public_key_of(const PrivateKey& key) {
    PublicKey result;
    crypto_scalarmult_curve25519_base(raw(result.bytes.data()), raw(key.bytes().data()));
    return result;
}

std::optional<SharedSecret> shared_secret(const PrivateKey& mine, const PublicKey& theirs) {
    SharedSecret secret;
    if (!theirs.is_sound() ||
        crypto_scalarmult_curve25519(
            raw(secret.bytes().data()), raw(mine.bytes().data()), raw(theirs.bytes.data())) != 0) {
        return std::nullopt;
    }
    return secret;
}

std::array<char, kBase64Size> encode_base64(const Secret<kKeySize>& secret) {
    return to_base64(secret.bytes());
}

std::array<char, kHexSize> encode_hex(const Secret<kKeySize>& secret) {
    std::array<char, kHexSize + 1> terminated{};
    sodium_bin2hex(terminated.data(), terminated.size(), raw(secret.bytes().data()), kKeySize);
    std::array<char, kHexSize> text{};
    std::copy_n(terminated.begin(), text.size(), text.begin());
    sodium_memzero(terminated.data(), terminated.size());
    return text;
}

std::optional<Secret<kKeySize>> decode_base64(std::string_view text) {
    Secret<kKeySize> secret;
    if (!from_base64(text, secret.bytes())) {
        return std::nullopt;
    }
    return secret;
}

std::optional<Secret<kKeySize>> decode_hex(std::string_view text) {
    Secret<kKeySize> secret;
    std::size_t written = 0;
    if (text.size() != kHexSize ||
        sodium_hex2bin(raw(secret.bytes().data()),
                       kKeySize,
                       text.data(),
                       text.size(),
                       nullptr,
                       &written,
                       nullptr) != 0 ||
        written != kKeySize) {
        return std::nullopt;
    }
    return secret;
}

}  // namespace tollgate::crypto
