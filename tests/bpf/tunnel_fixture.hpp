// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstring>

#include <arpa/inet.h>

#include "tests/bpf/gate_fixture.hpp"
#include "tests/support/tunnel_keys.hpp"

namespace tollgate::test {

inline constexpr std::uint8_t kAcceptsData = 1U << TG_WG_DATA;

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
        programs.put(programs.object().maps.local_ports, port, std::uint8_t{1});
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
