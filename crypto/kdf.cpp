// SPDX-License-Identifier: MIT
#include <array>
#include <initializer_list>

#include <sodium.h>

#include "crypto/blake2s.hpp"

namespace tollgate::crypto {
namespace {

/// More than what a compression leaves on the stack.
constexpr std::size_t kStackLeft = 1024;

/// HMAC (RFC 2104) of BLAKE2s. @pre the key is at most a block long
class Hmac {
  public:
    explicit Hmac(Bytes key) noexcept : inner_{kHashSize}, outer_{kHashSize} {
        absorb_pad(inner_, key, std::byte{0x36});
        absorb_pad(outer_, key, std::byte{0x5c});
    }

    void update(Bytes bytes) noexcept { inner_.update(bytes); }

    void finish(std::span<std::byte, kHashSize> digest) noexcept {
        inner_.finish(digest);
        outer_.update(digest);
        outer_.finish(digest);
    }

  private:
    static void absorb_pad(Blake2s& hash, Bytes key, std::byte pad) noexcept {
        std::array<std::byte, TG_BLAKE2S_BLOCK_BYTES> block;
        block.fill(pad);
        for (std::size_t i = 0; i < key.size(); ++i) {
            block[i] ^= key[i];
        }
        hash.update(block);
        sodium_memzero(block.data(), block.size());
    }

    Blake2s inner_;
    Blake2s outer_;
};

/// HKDF-Extract, then as many blocks of HKDF-Expand with empty info as there are outputs.
void derive(const Secret<kHashSize>& salt,
            Bytes input,
            std::initializer_list<Secret<kHashSize>*> outputs) noexcept {
    std::array<std::byte, kHashSize> extracted;
    Hmac extract{salt.bytes()};
    extract.update(input);
    extract.finish(extracted);

    Bytes previous;
    std::byte number{0};
    for (Secret<kHashSize>* const output : outputs) {
        number = std::byte(std::to_integer<unsigned>(number) + 1);
        Hmac expand{extracted};
        expand.update(previous);
        expand.update(Bytes{&number, 1});
        expand.finish(output->bytes());
        previous = output->bytes();
    }
    sodium_memzero(extracted.data(), extracted.size());
}

}  // namespace

void kdf(const Secret<kHashSize>& chaining_key, Bytes input, Secret<kHashSize>& next) noexcept {
    derive(chaining_key, input, {&next});
    sodium_stackzero(kStackLeft);
}

void kdf(const Secret<kHashSize>& chaining_key,
         Bytes input,
         Secret<kHashSize>& next,
         Secret<kHashSize>& second) noexcept {
    derive(chaining_key, input, {&next, &second});
    sodium_stackzero(kStackLeft);
}

void kdf(const Secret<kHashSize>& chaining_key,
         Bytes input,
         Secret<kHashSize>& next,
         Secret<kHashSize>& second,
         Secret<kHashSize>& third) noexcept {
    derive(chaining_key, input, {&next, &second, &third});
    sodium_stackzero(kStackLeft);
}

}  // namespace tollgate::crypto
