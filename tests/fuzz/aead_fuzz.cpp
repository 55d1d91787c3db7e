// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "crypto/aead.hpp"

namespace {

using tollgate::crypto::Aead;
using tollgate::crypto::AeadMessage;
using tollgate::crypto::kTagSize;
using tollgate::crypto::SymmetricKey;
using Buffer = std::vector<std::byte>;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

AeadMessage message_of(Buffer& buffer, std::uint64_t counter) {
    return {.bytes = buffer.data(),
            .size = static_cast<std::uint32_t>(buffer.size() - kTagSize),
            .counter = counter};
}

bool open(Aead& aead, const SymmetricKey& key, Buffer& buffer, std::uint64_t counter) {
    AeadMessage message = message_of(buffer, counter);
    aead.open(key, {&message, 1});
    return message.authentic;
}

}  // namespace

// All providers seal alike, open what they sealed, and refuse it with one bit changed. The input is
// a counter, the place of that bit, and the plaintext.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const std::array providers{tollgate::crypto::make_openssl_aead(),
                                      tollgate::crypto::make_sodium_aead(),
                                      tollgate::crypto::make_lanes_aead()};
    static const SymmetricKey key;
    std::uint64_t counter = 0;
    std::uint32_t place = 0;
    if (size < sizeof counter + sizeof place) {
        return 0;
    }
    std::memcpy(&counter, bytes, sizeof counter);
    std::memcpy(&place, bytes + sizeof counter, sizeof place);
    const auto input = std::as_bytes(std::span(bytes, size).subspan(sizeof counter + sizeof place));

    Buffer expected;
    for (const auto& provider : providers) {
        Buffer buffer(input.begin(), input.end());
        buffer.resize(input.size() + kTagSize);
        AeadMessage message = message_of(buffer, counter);
        provider->seal(key, {&message, 1});
        check(expected.empty() || buffer == expected);
        expected = buffer;

        Buffer forged = buffer;
        forged[place / 8 % forged.size()] ^= std::byte{1} << (place % 8);
        check(!open(*provider, key, forged, counter));
        check(open(*provider, key, buffer, counter));
        check(std::equal(input.begin(), input.end(), buffer.begin()));
    }
    return 0;
}
