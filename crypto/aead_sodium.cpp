// SPDX-License-Identifier: MIT
#include <memory>

#include <sodium.h>

#include "crypto/aead.hpp"
#include "crypto/nonce.hpp"
#include "crypto/raw.hpp"

namespace tollgate::crypto {
namespace {

class SodiumAead final : public Aead {
  public:
    [[nodiscard]] std::string_view name() const override { return "sodium"; }

    void seal(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        for (const AeadMessage& message : messages) {
            auto* const bytes = raw(message.bytes);
            crypto_aead_chacha20poly1305_ietf_encrypt_detached(bytes,
                                                               bytes + message.size,
                                                               nullptr,
                                                               bytes,
                                                               message.size,
                                                               nullptr,
                                                               0,
                                                               nullptr,
                                                               nonce_of(message.counter).data(),
                                                               raw(key.bytes().data()));
        }
    }

    void open(const SymmetricKey& key, std::span<AeadMessage> messages) noexcept override {
        for (AeadMessage& message : messages) {
            auto* const bytes = raw(message.bytes);
            message.authentic =
                crypto_aead_chacha20poly1305_ietf_decrypt_detached(bytes,
                                                                   nullptr,
                                                                   bytes,
                                                                   message.size,
                                                                   bytes + message.size,
                                                                   nullptr,
                                                                   0,
                                                                   nonce_of(message.counter).data(),
                                                                   raw(key.bytes().data())) == 0;
        }
    }
};

}  // namespace

std::unique_ptr<Aead> make_sodium_aead() {
    return std::make_unique<SodiumAead>();
}

}  // namespace tollgate::crypto
