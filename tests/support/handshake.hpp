// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/handshake.hpp"
#include "tests/support/hex.hpp"

/// Two hosts that know each other, and their messages.
namespace tollgate::test {

/// A message struct as the bytes on the wire.
template <typename Message>
crypto::MutableBytes wire(Message& message) {
    return std::as_writable_bytes(std::span{&message, 1});
}
template <typename Message>
crypto::Bytes wire(const Message& message) {
    return std::as_bytes(std::span{&message, 1});
}

template <typename Message>
Message message_of(std::string_view hex) {
    Message message{};
    std::memcpy(&message, unhex(hex).data(), sizeof message);
    return message;
}

/// The message with one bit of the byte at `offset` turned over.
template <typename Message>
Message flipped(Message message, std::size_t offset) {
    wire(message)[offset] ^= std::byte{0x10};
    return message;
}

/// Encodings of the points of low order (among them those not below 2^255 - 19).
inline constexpr std::array<std::string_view, 8> kLowOrderPoints{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

inline constexpr std::uint32_t kAliceIndex = 0xa11ce;
inline constexpr std::uint32_t kBobIndex = 0xb0b;

inline crypto::Tai64n timestamp(std::int64_t seconds = 1'700'000'000) {
    return crypto::Tai64n::from(
        std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::seconds{seconds}});
}

/// Alice, who initiates, and Bob. Every object has keys of its own.
struct Hosts {
    crypto::Identity alice{crypto::generate_private_key()};
    crypto::Identity bob{crypto::generate_private_key()};
    crypto::PresharedKey preshared = crypto::generate_preshared_key();
    crypto::RemoteIdentity bob_to_alice =
        crypto::remote_identity(alice, bob.public_key, preshared).value();
    crypto::RemoteIdentity alice_to_bob =
        crypto::remote_identity(bob, alice.public_key, preshared).value();

    [[nodiscard]] crypto::Initiator begin() const {
        return crypto::Initiator::begin(
                   alice, bob_to_alice, crypto::generate_private_key(), timestamp(), kAliceIndex)
            .value();
    }
    /// @return nothing if Bob refuses the initiation
    [[nodiscard]] std::optional<crypto::Responder::Answer> answer(
        const tg_wg_initiation& initiation) const {
        auto responder = crypto::Responder::open(bob, initiation);
        if (!responder || responder->remote_static() != alice.public_key ||
            !responder->read_timestamp(alice_to_bob)) {
            return std::nullopt;
        }
        return responder->answer(alice_to_bob, crypto::generate_private_key(), kBobIndex);
    }
    [[nodiscard]] std::optional<crypto::TransportSecrets> finish(
        crypto::Initiator& initiator,
        const tg_wg_response& response) const {
        return initiator.finish(alice, bob_to_alice, response);
    }
};

}  // namespace tollgate::test
