// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/blake2s.hpp"
#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

/// Where the MACs of a handshake message are: its last 32 bytes (paper, 5.4.4).
namespace tollgate::crypto {

/// A handshake message as its bytes.
/// @pre it has the size of an initiation or a response
using HandshakeBytes = Bytes;

[[nodiscard]] inline Bytes mac1_of(HandshakeBytes message) {
    return message.last(2 * kMacSize).first(kMacSize);
}
[[nodiscard]] inline Bytes mac2_of(HandshakeBytes message) {
    return message.last(kMacSize);
}
/// What mac1 covers.
[[nodiscard]] inline Bytes before_mac1(HandshakeBytes message) {
    return message.first(message.size() - 2 * kMacSize);
}
/// What mac2 covers.
[[nodiscard]] inline Bytes before_mac2(HandshakeBytes message) {
    return message.first(message.size() - kMacSize);
}

/// In constant time. @pre `received` has kMacSize bytes
[[nodiscard]] inline bool is_mac(const Mac& expected, Bytes received) {
    return secret_memory::equal(expected.data(), received.data(), kMacSize);
}

}  // namespace tollgate::crypto
