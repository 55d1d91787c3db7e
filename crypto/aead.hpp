// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "crypto/bytes.hpp"
#include "crypto/keys.hpp"

namespace tollgate::crypto {

inline constexpr std::size_t kTagSize = 16;  ///< Poly1305, RFC 8439

/// One transport message of a vector: sealed or opened in place.
struct AeadMessage {
    std::byte* bytes = nullptr;  ///< the plaintext with room for the tag; or ciphertext and tag
    std::uint32_t size = 0;      ///< of the plaintext, in both directions
    bool authentic = false;      ///< written by open()
    std::uint64_t counter = 0;   ///< the nonce is 32 zero bits and this, little-endian
};

/// ChaCha20-Poly1305 (RFC 8439) over vectors of messages under one key, without additional data:
/// what the data path spends most of its time in. One object belongs to one thread.
class Aead {
  public:
    virtual ~Aead() = default;

    /// "lanes", "openssl" or "sodium".
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Encrypts bytes[0, size) and writes the tag behind it.
    virtual void seal(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept = 0;
    /// Verifies the tag at bytes[size, size + 16) and decrypts bytes[0, size). Of a message that is
    /// not authentic the bytes are unspecified; never use them.
    virtual void open(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept = 0;
};

/// @return null if the library cannot do it
[[nodiscard]] std::unique_ptr<Aead> make_openssl_aead();
[[nodiscard]] std::unique_ptr<Aead> make_sodium_aead();
/// ChaCha20 of our own over all messages of a vector side by side, Poly1305 by OpenSSL.
[[nodiscard]] std::unique_ptr<Aead> make_lanes_aead();

/// ChaCha20-Poly1305 of a handshake field: Aead(key, counter, plain, additional) in the paper.
/// @param sealed  plain.size() + kTagSize bytes; must not overlap `plain`
void seal_field(const SymmetricKey& key,
                std::uint64_t counter,
                Bytes plain,
                Bytes additional,
                MutableBytes sealed) noexcept;
/// @param plain  sealed.size() - kTagSize bytes; zeros if the field is not authentic
[[nodiscard]] bool open_field(const SymmetricKey& key,
                              std::uint64_t counter,
                              Bytes sealed,
                              Bytes additional,
                              MutableBytes plain) noexcept;

using CookieNonce = std::array<std::byte, 24>;

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), of cookies only.
void seal_cookie(const SymmetricKey& key,
                 const CookieNonce& nonce,
                 Bytes plain,
                 Bytes additional,
                 MutableBytes sealed) noexcept;
[[nodiscard]] bool open_cookie(const SymmetricKey& key,
                               const CookieNonce& nonce,
                               Bytes sealed,
                               Bytes additional,
                               MutableBytes plain) noexcept;

}  // namespace tollgate::crypto
