// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <tollgate/abi/blake2s.h>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace tollgate::crypto {

inline constexpr std::size_t kHashSize = 32;
inline constexpr std::size_t kMacSize = 16;

using Hash = std::array<std::byte, kHashSize>;
using Mac = std::array<std::byte, kMacSize>;

/// BLAKE2s (RFC 7693) in pieces; its state is wiped on destruction, because it may hold a key.
class Blake2s {
  public:
    /// @param digest_size  1 to 32
    /// @param key          at most 32 bytes; empty: a plain hash
    explicit Blake2s(std::size_t digest_size, Bytes key = {}) noexcept;
    ~Blake2s();
    Blake2s(const Blake2s&) = delete;
    Blake2s& operator=(const Blake2s&) = delete;

    void update(Bytes bytes) noexcept;
    /// Writes digest_size bytes. The object is used up.
    void finish(MutableBytes digest) noexcept;

  private:
    tg_blake2s state_;
    std::size_t digest_size_;
};

/// The 32-byte hash of the parts one after the other: the paper's Hash(a || b).
[[nodiscard]] Hash hash(std::initializer_list<Bytes> parts) noexcept;
/// The paper's Mac(key, input): keyed BLAKE2s of 16 bytes.
[[nodiscard]] Mac mac(Bytes key, Bytes input) noexcept;

/// Where mac() is when it has taken in the key: its state, in words of host order. As secret as the
/// key. Who has it can go on from there (tg_blake2s_compress), which saves a compression.
using MacState = std::array<std::uint32_t, TG_BLAKE2S_STATE_WORDS>;
/// @param key  1 to 32 bytes
[[nodiscard]] MacState mac_state(Bytes key) noexcept;

/// The paper's Kdf1, Kdf2 and Kdf3: HKDF (RFC 5869) of HMAC-BLAKE2s with the chaining key as salt.
/// Writes the next chaining key and what else is asked for. `chaining_key` may be `next`.
void kdf(const Secret<kHashSize>& chaining_key, Bytes input, Secret<kHashSize>& next) noexcept;
void kdf(const Secret<kHashSize>& chaining_key,
         Bytes input,
         Secret<kHashSize>& next,
         Secret<kHashSize>& second) noexcept;
void kdf(const Secret<kHashSize>& chaining_key,
         Bytes input,
         Secret<kHashSize>& next,
         Secret<kHashSize>& second,
         Secret<kHashSize>& third) noexcept;

}  // namespace tollgate::crypto
