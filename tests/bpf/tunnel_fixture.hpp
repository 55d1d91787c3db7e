// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include <arpa/inet.h>

#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wireguard.h>

#include "crypto/blake2s.hpp"
#include "crypto/cookie.hpp"
#include "crypto/random.hpp"
#include "crypto/stealth.hpp"
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {

inline constexpr std::uint32_t kIndex = 0x8070605;
inline constexpr std::uint8_t kAcceptsData = 1U << TG_WG_DATA;

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

/// A tunnel listens on talk.local_port; it has a receiver index that nobody may use yet.
class TunnelTest : public GateTest {
  protected:
    void SetUp() override {
        GateTest::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) {
            guard(keys.tunnel());
            put_receiver(receiver());
        }
    }

    void guard(const tg_tunnel& tunnel) {
        const std::uint32_t port = talk.local_port;
        programs.put(programs.object().maps.tunnels, port, tunnel);
        programs.put(programs.object().maps.tunnel_ports,
                     std::uint32_t{port / 64},
                     std::uint64_t{1} << port % 64);
    }
    /// At the peer's place, for an hour.
    [[nodiscard]] tg_receiver receiver(std::uint8_t accepts = 0) const {
        tg_receiver receiver{};
        receiver.accepts = accepts;
        receiver.expires_ns = boot_time_ns() + 3600 * TG_SECOND;
        std::memcpy(receiver.address, talk.remote.bytes.data(), sizeof receiver.address);
        receiver.port = htons(talk.remote_port);
        return receiver;
    }
    void put_receiver(const tg_receiver& receiver) {
        programs.put(programs.object().maps.receivers, tg_receiver_key{kIndex, 3}, kSlot);
        programs.put(programs.object().maps.receiver_slots, kSlot, receiver);
    }

    Outcome in(const Bytes& message) { return judge(talk.udp(kIn, message), kIn); }
    template <typename Message>
    Outcome in(const Message& message) {
        return in(bytes_of(message));
    }
    Outcome in_initiation() { return in(keys.sealed<tg_wg_initiation>()); }

    static constexpr std::uint32_t kSlot = 77;
    TunnelKeys keys;
    Talk talk{.remote_port = 51821, .local_port = 51820};
};

}  // namespace tollgate::test
