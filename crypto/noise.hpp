// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/blake2s.hpp"
#include "crypto/bytes.hpp"
#include "crypto/keys.hpp"

namespace tollgate::crypto {

/// Chaining key and hash of a handshake: Noise (revision 34), 5.2, with 25519, ChaChaPoly and
/// BLAKE2s. Between two messages there is no key: each field is sealed under one of its own.
class SymmetricState {
  public:
    /// Of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s, before the prologue.
    [[nodiscard]] static SymmetricState ikpsk2();

    [[nodiscard]] SymmetricState clone() const;

    void mix_hash(Bytes bytes) noexcept;
    /// MixKey with a value that is in the clear, such as an ephemeral key where there is a
    /// preshared one (Noise, 9.2). The field key is thrown away.
    void mix_public(Bytes bytes) noexcept;
    /// MixKey. @return the key of the next field
    [[nodiscard]] SymmetricKey mix_key(const SharedSecret& secret) noexcept;
    /// MixKeyAndHash. @return the key of the next field
    [[nodiscard]] SymmetricKey mix_key_and_hash(const PresharedKey& preshared) noexcept;
    /// @param sealed  plain.size() + kTagSize bytes
    void encrypt_and_hash(const SymmetricKey& key, Bytes plain, MutableBytes sealed) noexcept;
    /// @param plain  sealed.size() - kTagSize bytes
    /// @return false, and nothing has changed, if the field is not authentic
    [[nodiscard]] bool decrypt_and_hash(const SymmetricKey& key,
                                        Bytes sealed,
                                        MutableBytes plain) noexcept;

    struct TransportKeys {
        SymmetricKey initiator_to_responder;
        SymmetricKey responder_to_initiator;
    };
    [[nodiscard]] TransportKeys split() const noexcept;
    [[nodiscard]] const Hash& handshake_hash() const { return hash_; }

  private:
    Secret<kHashSize> chaining_key_;
    Hash hash_{};
};

}  // namespace tollgate::crypto
