// SPDX-License-Identifier: MIT
#include "agent/support/text_encoding.hpp"

#include <cstdint>

namespace tollgate::agent {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr unsigned kSixBits = 6;
constexpr unsigned kFourBits = 4;
constexpr unsigned kByteBits = 8;

std::optional<std::uint32_t> value_in(std::string_view alphabet, char c) {
    const std::size_t found = alphabet.find(c);
    return found == std::string_view::npos ? std::nullopt
                                           : std::optional{static_cast<std::uint32_t>(found)};
}

std::optional<std::uint32_t> base64_value(char c) {
    return value_in(kBase64, c == '-' ? '+' : c == '_' ? '/' : c);
}

std::optional<std::uint32_t> hex_value(char c) {
    return value_in(kHex, c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
}

void append(SecretText& to, char c) {
    to += std::string_view{&c, 1};
}

/// Each character is `bits` bits; what does not fill a byte at the end is dropped.
template <typename Value>
std::optional<SecretText> decode(std::string_view text, unsigned bits, Value value) {
    SecretText bytes;
    std::uint32_t held = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto digit = value(c);
        if (!digit) {
            return std::nullopt;
        }
        held = (held << bits) | *digit;
        count += bits;
        if (count >= kByteBits) {
            count -= kByteBits;
            append(bytes, static_cast<char>((held >> count) & 0xffU));
        }
    }
    return bytes;
}

}  // namespace

SecretText to_base64(std::string_view bytes) {
    SecretText text;
    std::uint32_t held = 0;
    unsigned count = 0;
    std::size_t written = 0;
    for (const char c : bytes) {
        held = (held << kByteBits) | static_cast<unsigned char>(c);
        for (count += kByteBits; count >= kSixBits; ++written) {
            count -= kSixBits;
            append(text, kBase64[(held >> count) & 0x3fU]);
        }
    }
    if (count > 0) {
        append(text, kBase64[(held << (kSixBits - count)) & 0x3fU]);
        ++written;
    }
    for (; written % 4 != 0; ++written) {
        append(text, '=');
    }
    return text;
}

SecretText to_hex(std::string_view bytes) {
    SecretText text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        append(text, kHex[byte >> kFourBits]);
        append(text, kHex[byte & 0xfU]);
    }
    return text;
}

std::optional<SecretText> from_base64(std::string_view text) {
    while (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return text.size() % 4 == 1 ? std::nullopt : decode(text, kSixBits, base64_value);
}

std::optional<SecretText> from_hex(std::string_view text) {
    return text.size() % 2 != 0 ? std::nullopt : decode(text, kFourBits, hex_value);
}

}  // namespace tollgate::agent
