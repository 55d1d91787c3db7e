// SPDX-License-Identifier: MIT
#include "crypto/handshake.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>

#include <endian.h>

namespace tollgate::crypto {

namespace {

constexpr std::string_view kPrologue = "WireGuard v1 zx2c4 Jason@zx2c4.com";

using KeyField = std::span<__u8, TG_WG_KEY_BYTES>;

/// The state of both sides before the first message: who the responder is, is known beforehand.
SymmetricState begin_with(const PublicKey& responder) {
    SymmetricState state = SymmetricState::ikpsk2();
    state.mix_hash(std::as_bytes(std::span{kPrologue}));
    state.mix_hash(responder.bytes);
    return state;
}

/// The token "e": the hash takes it as a part of the message, the chaining key because there is a
/// preshared key.
void mix_ephemeral(SymmetricState& state, const PublicKey& ephemeral) {
    state.mix_hash(ephemeral.bytes);
    state.mix_public(ephemeral.bytes);
}

/// The tokens "ee, se, psk" of the response. @return the key of its empty field
SymmetricKey mix_response(SymmetricState& state,
                          const SharedSecret& ephemeral_ephemeral,
                          const SharedSecret& static_ephemeral,
                          const PresharedKey& preshared) {
    std::ignore = state.mix_key(ephemeral_ephemeral);
    std::ignore = state.mix_key(static_ephemeral);
    return state.mix_key_and_hash(preshared);
}

PublicKey read_key(std::span<const __u8, TG_WG_KEY_BYTES> field) {
    PublicKey key;
    std::ranges::copy(std::as_bytes(field), key.bytes.begin());
    return key;
}

void write_key(const PublicKey& key, KeyField field) {
    std::ranges::copy(key.bytes, std::as_writable_bytes(field).begin());
}

}  // namespace

std::optional<RemoteIdentity> remote_identity(const Identity& local,
                                              const PublicKey& key,
                                              const PresharedKey& preshared) {
    auto static_static = shared_secret(local.private_key, key);
    if (!static_static) {
        return std::nullopt;
    }
    return RemoteIdentity{key, std::move(*static_static), preshared.clone()};
}

std::optional<Initiator> Initiator::begin(const Identity& local,
                                          const RemoteIdentity& remote,
                                          PrivateKey ephemeral,
                                          const Tai64n& timestamp,
                                          std::uint32_t sender_index) {
    const auto ephemeral_static = shared_secret(ephemeral, remote.public_key);
    if (!ephemeral_static) {
        return std::nullopt;
    }
    const PublicKey ephemeral_public = public_key_of(ephemeral);
    Initiator self{std::move(ephemeral), begin_with(remote.public_key)};
    SymmetricState& state = self.state_;
    tg_wg_initiation& message = self.message_;

    message.type = htole32(TG_WG_INITIATION);
    message.sender_index = htole32(sender_index);
    write_key(ephemeral_public, message.ephemeral);
    mix_ephemeral(state, ephemeral_public);
    state.encrypt_and_hash(state.mix_key(*ephemeral_static),
                           local.public_key.bytes,
                           std::as_writable_bytes(std::span{message.sealed_static}));
    state.encrypt_and_hash(state.mix_key(remote.static_static),
                           timestamp.bytes,
                           std::as_writable_bytes(std::span{message.sealed_timestamp}));
    return self;
}

std::uint32_t Initiator::local_index() const {
    return le32toh(message_.sender_index);
}

std::optional<TransportSecrets> Initiator::finish(const Identity& local,
                                                  const RemoteIdentity& remote,
                                                  const tg_wg_response& response) {
    if (!ephemeral_ || response.type != htole32(TG_WG_RESPONSE) ||
        response.receiver_index != message_.sender_index) {
        return std::nullopt;
    }
    const PublicKey theirs = read_key(response.ephemeral);
    const auto ephemeral_ephemeral = shared_secret(*ephemeral_, theirs);
    const auto static_ephemeral = shared_secret(local.private_key, theirs);
    if (!ephemeral_ephemeral || !static_ephemeral) {
        return std::nullopt;
    }
    SymmetricState state = state_.clone();
    mix_ephemeral(state, theirs);
    const SymmetricKey key =
        mix_response(state, *ephemeral_ephemeral, *static_ephemeral, remote.preshared);
    if (!state.decrypt_and_hash(key, std::as_bytes(std::span{response.sealed_nothing}), {})) {
        return std::nullopt;
    }
    ephemeral_.reset();
    SymmetricState::TransportKeys keys = state.split();
    return TransportSecrets{.sending = std::move(keys.initiator_to_responder),
                            .receiving = std::move(keys.responder_to_initiator),
                            .local_index = local_index(),
                            .remote_index = le32toh(response.sender_index),
                            .is_initiator = true};
}

std::optional<Responder> Responder::open(const Identity& local, const tg_wg_initiation& message) {
    if (message.type != htole32(TG_WG_INITIATION)) {
        return std::nullopt;
    }
    const PublicKey theirs = read_key(message.ephemeral);
    const auto ephemeral_static = shared_secret(local.private_key, theirs);
    if (!ephemeral_static) {
        return std::nullopt;
    }
    Responder self{begin_with(local.public_key)};
    mix_ephemeral(self.state_, theirs);
    if (!self.state_.decrypt_and_hash(self.state_.mix_key(*ephemeral_static),
                                      std::as_bytes(std::span{message.sealed_static}),
                                      self.remote_static_.bytes) ||
        !self.remote_static_.is_sound()) {
        return std::nullopt;
    }
    self.remote_ephemeral_ = theirs;
    self.message_ = message;
    return self;
}

std::optional<Tai64n> Responder::read_timestamp(const RemoteIdentity& remote) {
    SymmetricState state = state_.clone();
    Tai64n timestamp;
    if (!state.decrypt_and_hash(state.mix_key(remote.static_static),
                                std::as_bytes(std::span{message_.sealed_timestamp}),
                                timestamp.bytes)) {
        return std::nullopt;
    }
    state_ = std::move(state);
    return timestamp;
}

std::optional<Responder::Answer> Responder::answer(const RemoteIdentity& remote,
                                                   const PrivateKey& ephemeral,
                                                   std::uint32_t sender_index) {
    const auto ephemeral_ephemeral = shared_secret(ephemeral, remote_ephemeral_);
    const auto ephemeral_static = shared_secret(ephemeral, remote.public_key);
    if (!ephemeral_ephemeral || !ephemeral_static) {
        return std::nullopt;
    }
    const PublicKey ephemeral_public = public_key_of(ephemeral);
    tg_wg_response message{};
    message.type = htole32(TG_WG_RESPONSE);
    message.sender_index = htole32(sender_index);
    message.receiver_index = message_.sender_index;
    write_key(ephemeral_public, message.ephemeral);

    mix_ephemeral(state_, ephemeral_public);
    const SymmetricKey key =
        mix_response(state_, *ephemeral_ephemeral, *ephemeral_static, remote.preshared);
    state_.encrypt_and_hash(key, {}, std::as_writable_bytes(std::span{message.sealed_nothing}));
    SymmetricState::TransportKeys keys = state_.split();
    return Answer{.message = message,
                  .secrets = {.sending = std::move(keys.responder_to_initiator),
                              .receiving = std::move(keys.initiator_to_responder),
                              .local_index = sender_index,
                              .remote_index = le32toh(message_.sender_index),
                              .is_initiator = false}};
}

}  // namespace tollgate::crypto
