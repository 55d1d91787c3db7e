// SPDX-License-Identifier: MIT
#include "crypto/noise.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include "crypto/aead.hpp"

namespace tollgate::crypto {

namespace {

constexpr std::string_view kProtocolName = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::uint64_t kFirstNonce = 0;  // a field key seals one field

}  // namespace

SymmetricState SymmetricState::ikpsk2() {
    SymmetricState state;
    state.hash_ = hash({std::as_bytes(std::span{kProtocolName})});
    std::ranges::copy(state.hash_, state.chaining_key_.bytes().begin());
    return state;
}

SymmetricState SymmetricState::clone() const {
    SymmetricState copy;
    copy.chaining_key_ = chaining_key_.clone();
    copy.hash_ = hash_;
    return copy;
}

void SymmetricState::mix_hash(Bytes bytes) noexcept {
    hash_ = hash({hash_, bytes});
}

void SymmetricState::mix_public(Bytes bytes) noexcept {
    kdf(chaining_key_, bytes, chaining_key_);
}

SymmetricKey SymmetricState::mix_key(const SharedSecret& secret) noexcept {
    SymmetricKey key;
    kdf(chaining_key_, secret.bytes(), chaining_key_, key);
    return key;
}

SymmetricKey SymmetricState::mix_key_and_hash(const PresharedKey& preshared) noexcept {
    Secret<kHashSize> mixed;
    SymmetricKey key;
    kdf(chaining_key_, preshared.bytes(), chaining_key_, mixed, key);
    mix_hash(mixed.bytes());
    return key;
}

void SymmetricState::encrypt_and_hash(const SymmetricKey& key,
                                      Bytes plain,
                                      MutableBytes sealed) noexcept {
    seal_field(key, kFirstNonce, plain, hash_, sealed);
    mix_hash(sealed);
}

bool SymmetricState::decrypt_and_hash(const SymmetricKey& key,
                                      Bytes sealed,
                                      MutableBytes plain) noexcept {
    if (!open_field(key, kFirstNonce, sealed, hash_, plain)) {
        return false;
    }
    mix_hash(sealed);
    return true;
}

SymmetricState::TransportKeys SymmetricState::split() const noexcept {
    TransportKeys keys;
    kdf(chaining_key_, {}, keys.initiator_to_responder, keys.responder_to_initiator);
    return keys;
}

}  // namespace tollgate::crypto
