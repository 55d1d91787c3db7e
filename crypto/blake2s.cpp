// SPDX-License-Identifier: MIT
#include "crypto/blake2s.hpp"

#include <algorithm>
#include <cassert>

#include <sodium.h>

namespace tollgate::crypto {

Blake2s::Blake2s(std::size_t digest_size, Bytes key) noexcept : digest_size_{digest_size} {
    assert(digest_size > 0 && digest_size <= TG_BLAKE2S_DIGEST_MAX);
    assert(key.size() <= TG_BLAKE2S_KEY_MAX);
    tg_blake2s_begin(&state_,
                     static_cast<std::uint32_t>(digest_size),
                     key.data(),
                     static_cast<std::uint32_t>(key.size()));
}

Blake2s::~Blake2s() {
    sodium_memzero(&state_, sizeof state_);
}

void Blake2s::update(Bytes bytes) noexcept {
    tg_blake2s_update(&state_, bytes.data(), bytes.size());
}

void Blake2s::finish(MutableBytes digest) noexcept {
    assert(digest.size() == digest_size_);
    tg_blake2s_finish(&state_, digest.data(), static_cast<std::uint32_t>(digest_size_));
}

Hash hash(std::initializer_list<Bytes> parts) noexcept {
    Hash digest;
    Blake2s blake2s{kHashSize};
    for (const Bytes part : parts) {
        blake2s.update(part);
    }
    blake2s.finish(digest);
    return digest;
}

Mac mac(Bytes key, Bytes input) noexcept {
    Mac digest;
    Blake2s blake2s{kMacSize, key};
    blake2s.update(input);
    blake2s.finish(digest);
    return digest;
}

MacState mac_state(Bytes key) noexcept {
    tg_blake2s hash;
    tg_blake2s_begin(&hash, kMacSize, key.data(), static_cast<std::uint32_t>(key.size()));
    tg_blake2s_load(hash.block);
    tg_blake2s_compress(hash.state, hash.block, TG_BLAKE2S_BLOCK_BYTES, 0);
    MacState state;
    std::ranges::copy(hash.state, state.begin());
    sodium_memzero(&hash, sizeof hash);
    return state;
}

}  // namespace tollgate::crypto
