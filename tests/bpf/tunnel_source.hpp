// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "policy/reference_tunnel.hpp"
#include "tests/bpf/tunnel_fixture.hpp"

namespace tollgate::test {

/// Messages to a tunnel: good ones of every class, and what an attacker makes of them. The same
/// seed gives the same choices; ephemeral keys are random.
class TunnelSource {
  public:
    static constexpr std::uint32_t kReceivers = 6;

    TunnelSource(std::uint64_t seed, const TunnelKeys& keys) : random_{seed}, keys_{keys} {}

    /// Those that most messages come from: see any_talk().
    static std::vector<IpAddress> near_networks() {
        std::vector<IpAddress> networks;
        for (std::uint8_t host = 1; host <= 4; ++host) {
            networks.push_back(Talk{}.remote);
            networks.back().bytes[15] = host;
        }
        networks.push_back(talk6().remote);
        std::fill(networks.back().bytes.begin() + 8, networks.back().bytes.end(), std::uint8_t{0});
        return networks;
    }

    /// A frame with a message.
    Bytes next() {
        const Talk talk = any_talk();
        Bytes message = any_message(talk);
        if (once_in(3)) {
            damage(message);
        }
        Bytes datagram = test::udp(talk.ports(kIn), message);
        if (once_in(30)) {
            append(datagram, Bytes(below(40)));  // beyond what UDP says
        }
        Bytes frame = talk.frame(kIn, IPPROTO_UDP, datagram);
        if (once_in(100)) {
            damage(frame);
        }
        return frame;
    }

    /// A receiver in any state. @param now  CLOCK_BOOTTIME
    policy::ReferenceReceiver any_receiver(policy::BootTime now) {
        policy::ReferenceReceiver receiver;
        for (const std::uint32_t type : {TG_WG_RESPONSE, TG_WG_COOKIE_REPLY, TG_WG_DATA}) {
            if (once_in(2)) {
                receiver.accepts.insert(type);
            }
        }
        receiver.greatest_counter = any_counter();
        receiver.expires = once_in(5) ? now : now + std::chrono::hours{1};
        const Talk peer = any_talk();
        receiver.address = peer.remote;
        receiver.port = peer.remote_port;
        return receiver;
    }

    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_() % bound);
    }
    bool once_in(std::uint32_t times) { return below(times) == 0; }

  private:
    Talk any_talk() {
        Talk talk = once_in(2) ? Talk{} : talk6();
        talk.local_port = once_in(50) ? 51821 : 51820;
        talk.remote_port = static_cast<std::uint16_t>(51820 + below(2));
        talk.remote.bytes[15] = static_cast<std::uint8_t>(1 + below(4));
        if (once_in(2)) {  // from a place where few come from
            talk.remote.bytes[14] = static_cast<std::uint8_t>(below(256));
            talk.remote.bytes[talk.remote.is_ipv4() ? 13 : 7] =
                static_cast<std::uint8_t>(below(256));
        }
        return talk;
    }

    std::uint64_t any_counter() {
        switch (below(4)) {
            case 0:
                return below(20'000);
            case 1:
                return UINT64_MAX - below(20'000);
            default:
                return 1'000'000 + below(20'000);
        }
    }

    Bytes any_message(const Talk& talk) {
        const std::uint32_t index = below(kReceivers + 2);
        switch (below(8)) {
            case 0:
                return bytes_of(keys_.sealed<tg_wg_response>(index));
            case 1:
                return TunnelKeys::cookie_reply(index);
            case 2:
                return junk();
            case 3:
            case 4:
                return TunnelKeys::data(any_counter(), index, TG_WG_DATA_MIN + below(100));
            default:
                return initiation(talk);
        }
    }

    Bytes junk() {
        Bytes message(below(257));
        crypto::fill_random(message);
        if (message.size() >= 4 && !once_in(4)) {
            put16(message, 0, below(7) << 8U);
            put16(message, 2, 0);
        }
        return message;
    }

    Bytes initiation(const Talk& talk) {
        if (once_in(4) && !sent_.empty()) {
            return sent_[below(static_cast<std::uint32_t>(sent_.size()))];
        }
        auto message = keys_.sealed<tg_wg_initiation>();
        switch (below(5)) {
            case 0:
                break;
            case 1:
            case 2:
                message = keys_.of_site(message,
                                        std::chrono::seconds{below(900)} - std::chrono::minutes{7});
                break;
            default:
                message = TunnelKeys::with_cookie(
                    message, once_in(2) ? keys_.secret : keys_.previous_secret, talk);
        }
        if (sent_.size() < 64) {
            sent_.push_back(bytes_of(message));
        } else {
            sent_[below(64)] = bytes_of(message);
        }
        return bytes_of(message);
    }

    void damage(Bytes& bytes) {
        for (std::uint32_t i = below(3); i > 0 && !bytes.empty(); --i) {
            const std::uint32_t at = below(static_cast<std::uint32_t>(bytes.size()));
            put8(bytes, at, std::to_integer<unsigned>(bytes[at]) ^ 1U << below(8));
        }
        if (!bytes.empty() && once_in(6)) {
            bytes.resize(bytes.size() - below(std::min<std::uint32_t>(
                                            4, static_cast<std::uint32_t>(bytes.size()))));
        }
    }

    std::mt19937_64 random_;
    const TunnelKeys& keys_;
    std::vector<Bytes> sent_;
};

}  // namespace tollgate::test
