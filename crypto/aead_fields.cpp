// SPDX-License-Identifier: MIT
#include <cassert>

#include <sodium.h>

#include "crypto/aead.hpp"
#include "crypto/nonce.hpp"
#include "crypto/raw.hpp"

namespace tollgate::crypto {
void seal_field(const SymmetricKey& key,
                std::uint64_t counter,
                Bytes plain,
                Bytes additional,
                MutableBytes sealed) noexcept {
    assert(sealed.size() == plain.size() + kTagSize);
    const Nonce nonce = nonce_of(counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(raw(sealed.data()),
                                              nullptr,
                                              raw(plain.data()),
                                              plain.size(),
                                              raw(additional.data()),
                                              additional.size(),
                                              nullptr,
                                              nonce.data(),
                                              raw(key.bytes().data()));
}

bool open_field(const SymmetricKey& key,
                std::uint64_t counter,
                Bytes sealed,
                Bytes additional,
                MutableBytes plain) noexcept {
    assert(sealed.size() == plain.size() + kTagSize);
    const Nonce nonce = nonce_of(counter);
    return crypto_aead_chacha20poly1305_ietf_decrypt(raw(plain.data()),
                                                     nullptr,
                                                     nullptr,
                                                     raw(sealed.data()),
                                                     sealed.size(),
                                                     raw(additional.data()),
                                                     additional.size(),
                                                     nonce.data(),
                                                     raw(key.bytes().data())) == 0;
}

void seal_cookie(const SymmetricKey& key,
                 const CookieNonce& nonce,
                 Bytes plain,
                 Bytes additional,
                 MutableBytes sealed) noexcept {
    assert(sealed.size() == plain.size() + kTagSize);
    crypto_aead_xchacha20poly1305_ietf_encrypt(raw(sealed.data()),
                                               nullptr,
                                               raw(plain.data()),
                                               plain.size(),
                                               raw(additional.data()),
                                               additional.size(),
                                               nullptr,
                                               raw(nonce.data()),
                                               raw(key.bytes().data()));
}

bool open_cookie(const SymmetricKey& key,
                 const CookieNonce& nonce,
                 Bytes sealed,
                 Bytes additional,
                 MutableBytes plain) noexcept {
    assert(sealed.size() == plain.size() + kTagSize);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(raw(plain.data()),
                                                      nullptr,
                                                      nullptr,
                                                      raw(sealed.data()),
                                                      sealed.size(),
                                                      raw(additional.data()),
                                                      additional.size(),
                                                      raw(nonce.data()),
                                                      raw(key.bytes().data())) == 0;
}

}  // namespace tollgate::crypto
