// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include <endian.h>

#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wireguard.h>

#include "crypto/blake2s.hpp"
#include "crypto/cookie.hpp"
#include "crypto/random.hpp"
#include "crypto/stealth.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {

inline constexpr std::uint32_t kIndex = 0x8070605;

/// A message struct as bytes.
template <typename Message>
Bytes bytes_of(const Message& message) {
    const auto bytes = std::as_bytes(std::span{&message, 1});
    return {bytes.begin(), bytes.end()};
}

/// A tunnel of ours, and the messages that a peer sends to it.
struct TunnelKeys {
    crypto::PublicKey key = public_key_of(crypto::generate_private_key());
    crypto::PresharedKey secret = crypto::generate_preshared_key();
    crypto::PresharedKey previous_secret = crypto::generate_preshared_key();
    crypto::SymmetricKey site = crypto::generate_preshared_key();
    crypto::WallTime wall{std::chrono::hours{473'000}};  ///< what the gate takes the time to be

    [[nodiscard]] crypto::Hash mac1_key() const { return crypto::MacKeys{key}.mac1; }

    /// As the agent would tell the gate.
    [[nodiscard]] tg_tunnel tunnel(std::uint32_t flags = TG_TUNNEL_MAC1) const {
        tg_tunnel tunnel{};
        tunnel.number = 3;
        tunnel.flags = flags;
        std::ranges::copy(crypto::mac_state(mac1_key()), tunnel.mac1_state);
        std::ranges::copy(crypto::mac_state(secret.bytes()), tunnel.cookie_states[0]);
        std::ranges::copy(crypto::mac_state(previous_secret.bytes()), tunnel.cookie_states[1]);
        crypto::StealthKey stealth{site.clone()};
        const crypto::StealthSlots& slots = stealth.slots(wall);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            std::ranges::copy(crypto::mac_state(slots[i].bytes()), tunnel.stealth_states[i]);
        }
        return tunnel;
    }

    /// A handshake message that differs from all others, with a good mac1.
    template <typename Message>
    [[nodiscard]] Message sealed(std::uint32_t receiver_index = kIndex) const {
        Message message{};
        constexpr bool kIsInitiation = std::is_same_v<Message, tg_wg_initiation>;
        message.type = htole32(kIsInitiation ? TG_WG_INITIATION : TG_WG_RESPONSE);
        crypto::fill_random(std::as_writable_bytes(std::span{message.ephemeral}));
        if constexpr (std::is_same_v<Message, tg_wg_response>) {
            message.receiver_index = htole32(receiver_index);
        }
        crypto::CookieJar{key}.seal(std::as_writable_bytes(std::span{&message, 1}), {});
        return message;
    }

    /// The same with a mac2 that proves the source of `talk`.
    [[nodiscard]] static tg_wg_initiation with_cookie(tg_wg_initiation message,
                                                      const crypto::PresharedKey& secret,
                                                      const Talk& talk) {
        const crypto::Mac cookie = crypto::cookie_of(secret, {talk.remote, talk.remote_port});
        const crypto::Mac mac2 = crypto::mac(
            cookie, std::as_bytes(std::span{&message, 1}).first(offsetof(tg_wg_initiation, mac2)));
        std::memcpy(message.mac2, mac2.data(), sizeof message.mac2);
        return message;
    }

    /// The same as a sender of the site writes it whose clock is ahead by so much.
    [[nodiscard]] tg_wg_initiation of_site(tg_wg_initiation message,
                                           std::chrono::seconds ahead = {}) const {
        crypto::StealthKey{site.clone()}.seal(std::as_writable_bytes(std::span{&message, 1}),
                                              wall + ahead);
        return message;
    }

    [[nodiscard]] static Bytes data(std::uint64_t counter = 0,
                                    std::uint32_t index = kIndex,
                                    std::size_t size = TG_WG_DATA_MIN) {
        Bytes message = bytes_of(tg_wg_data{htole32(TG_WG_DATA), htole32(index), htole64(counter)});
        message.resize(size);
        return message;
    }
    [[nodiscard]] static Bytes cookie_reply(std::uint32_t index = kIndex) {
        tg_wg_cookie_reply reply{};
        reply.type = htole32(TG_WG_COOKIE_REPLY);
        reply.receiver_index = htole32(index);
        return bytes_of(reply);
    }
};

}  // namespace tollgate::test
