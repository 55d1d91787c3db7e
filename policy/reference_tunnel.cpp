// SPDX-License-Identifier: MIT
#include "policy/reference_tunnel.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <netinet/in.h>

#include <tollgate/abi/blake2s.h>

namespace tollgate::policy {
namespace {

using Bytes = std::span<const std::byte>;
using Mac = std::array<std::byte, TG_WG_MAC_BYTES>;

constexpr std::size_t kUdpHeader = 8;
constexpr BootTime kSecond{std::chrono::seconds{1}};
constexpr std::uint64_t kRejectAfterMessages = UINT64_MAX - 8192;
constexpr std::uint64_t kWindow = 8128;

std::uint64_t little_endian_at(Bytes bytes, std::size_t offset, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t i = size; i > 0; --i) {
        number = number << 8U | byte_at(bytes, offset + i - 1);
    }
    return number;
}

// RFC 7693, whole.
Mac mac(Bytes key, Bytes input) {
    tg_blake2s hash;
    Mac digest;
    tg_blake2s_begin(&hash, sizeof digest, key.data(), static_cast<std::uint32_t>(key.size()));
    tg_blake2s_update(&hash, input.data(), input.size());
    tg_blake2s_finish(&hash, digest.data(), sizeof digest);
    return digest;
}

bool is_mac(Bytes key, Bytes input, Bytes received) {
    return std::ranges::equal(mac(key, input), received);
}

Bytes mac1_of(Bytes message) {
    return message.last(2 * sizeof(Mac)).first(sizeof(Mac));
}

bool is_mac1_right(const ReferenceTunnel& tunnel, Bytes message) {
    return is_mac(
        tunnel.mac1_key, message.first(message.size() - 2 * sizeof(Mac)), mac1_of(message));
}

// Of the address in its 4 or 16 bytes, and the port as on the wire.
std::vector<std::byte> source_bytes(const PacketView& view) {
    const IpAddress address = view.remote();
    const Bytes whole = std::as_bytes(std::span{address.bytes});
    const Bytes used = address.is_ipv4() ? whole.last(4) : whole;
    const Bytes port = std::as_bytes(std::span{&view.packet.key.remote_port, 1});
    std::vector<std::byte> bytes(used.begin(), used.end());
    bytes.insert(bytes.end(), port.begin(), port.end());
    return bytes;
}

bool has_mac2(Bytes message) {
    return std::ranges::any_of(message.last(sizeof(Mac)),
                               [](std::byte byte) { return byte != std::byte{0}; });
}

bool is_mac2_right(const ReferenceTunnel& tunnel, const PacketView& view, Bytes message) {
    const Bytes mac2 = message.last(sizeof(Mac));
    return has_mac2(message) && std::ranges::any_of(tunnel.cookie_secrets, [&](const auto& secret) {
               const Mac cookie = mac(secret, source_bytes(view));
               return is_mac(cookie, message.first(message.size() - sizeof(Mac)), mac2);
           });
}

// crypto/stealth.hpp has the formula.
Mac stealth_mac(const ReferenceTunnel::Key& site, std::int64_t slot, Bytes mac1) {
    std::array<std::byte, 16> input;
    std::memcpy(input.data(), "stealth-", 8);
    for (std::size_t i = 0; i < 8; ++i) {
        input.at(8 + i) = static_cast<std::byte>(static_cast<std::uint64_t>(slot) >> 8 * i);
    }
    tg_blake2s hash;
    ReferenceTunnel::Key key;
    tg_blake2s_begin(&hash, sizeof key, site.data(), sizeof site);
    tg_blake2s_update(&hash, input.data(), input.size());
    tg_blake2s_finish(&hash, key.data(), sizeof key);
    return mac(key, mac1);
}

bool is_of_site(const ReferenceTunnel& tunnel, Bytes message) {
    const Bytes mac2 = message.last(sizeof(Mac));
    const auto fits = [&](std::int64_t slot) {
        return std::ranges::equal(stealth_mac(*tunnel.site_secret, slot, mac1_of(message)), mac2);
    };
    const std::int64_t now = tunnel.stealth_slot;
    return fits(now - 1) || fits(now) || fits(now + 1);
}

IpAddress network_of(IpAddress address) {
    if (!address.is_ipv4()) {
        std::fill(address.bytes.begin() + 8, address.bytes.end(), std::uint8_t{0});
    }
    return address;
}

// A bucket, and how quickly it fills.
struct Share {
    ReferenceBucket& bucket;
    BootTime interval;
    BootTime burst;

    [[nodiscard]] bool has_left(BootTime now) const {
        return bucket.has_left(now, interval, burst);
    }
    [[nodiscard]] bool take(BootTime now) const { return bucket.take(now, interval, burst); }
};

constexpr BootTime kInitiatorInterval = kSecond / 20;
constexpr BootTime kInitiatorBurst = 5 * kInitiatorInterval;
constexpr BootTime kCookieInterval = kSecond / 2000;
constexpr BootTime kCookieBurst = 1000 * kCookieInterval;

// Nothing: no peer is there, or what it may begin is used up.
std::optional<Share> share_of_peer(ReferenceTunnel& tunnel, const IpAddress& source, BootTime now) {
    const auto peer = tunnel.peer_sources.find(network_of(source));
    if (peer == tunnel.peer_sources.end()) {
        return std::nullopt;
    }
    const Share own{peer->second, kInitiatorInterval, kInitiatorBurst};
    return own.has_left(now) ? std::optional{own} : std::nullopt;
}

// What the UDP header says; IP may have more.
Bytes payload_of(const PacketView& view) {
    const Bytes udp = view.transport();
    return udp.first(be16_at(udp, 4)).subspan(kUdpHeader);
}

}  // namespace

bool ReferenceBucket::has_left(BootTime now, BootTime interval, BootTime burst) const {
    return std::max(full_again_, now) + interval - now <= burst;
}

bool ReferenceBucket::take(BootTime now, BootTime interval, BootTime burst) {
    const bool left = has_left(now, interval, burst);
    if (left) {
        full_again_ = std::max(full_again_, now) + interval;
    }
    return left;
}

bool ReferenceTunnels::is_of_tunnel_port(const tg_flow_key& key) const {
    return key.protocol == IPPROTO_UDP && by_port.contains(ntohs(key.local_port));
}

bool ReferenceTunnels::is_to_tunnel(const PacketView& view) const {
    return view.ingress() && !view.fragment() && is_of_tunnel_port(view.packet.key);
}

DropReason ReferenceTunnels::judge(const PacketView& view) {
    const Datagram datagram{view, by_port.at(ntohs(view.packet.key.local_port)), payload_of(view)};
    if (datagram.message.size() < sizeof(__le32)) {
        return DropReason::tunnel_message;
    }
    const std::size_t size = datagram.message.size();
    switch (little_endian_at(datagram.message, 0, 4)) {
        case TG_WG_INITIATION:
            return size == sizeof(tg_wg_initiation) ? judge_initiation(datagram)
                                                    : DropReason::tunnel_message;
        case TG_WG_RESPONSE:
            return size == sizeof(tg_wg_response) ? judge_response(datagram)
                                                  : DropReason::tunnel_message;
        case TG_WG_COOKIE_REPLY:
            return size == sizeof(tg_wg_cookie_reply) ? judge_cookie_reply(datagram)
                                                      : DropReason::tunnel_message;
        case TG_WG_DATA:
            return size >= TG_WG_DATA_MIN ? judge_transport(datagram) : DropReason::tunnel_message;
        default:
            return DropReason::tunnel_message;
    }
}

ReferenceReceiver* ReferenceTunnels::find_receiver(const Datagram& datagram,
                                                   std::size_t index_offset,
                                                   std::uint32_t type) {
    const auto index =
        static_cast<std::uint32_t>(little_endian_at(datagram.message, index_offset, 4));
    const auto found = datagram.tunnel.receivers.find(index);
    const bool accepted = found != datagram.tunnel.receivers.end() &&
                          found->second.expires > datagram.view.now &&
                          found->second.accepts.contains(type);
    return accepted ? &found->second : nullptr;
}

DropReason ReferenceTunnels::judge_transport(const Datagram& datagram) {
    ReferenceReceiver* receiver =
        find_receiver(datagram, offsetof(tg_wg_data, receiver_index), TG_WG_DATA);
    if (receiver == nullptr) {
        return DropReason::tunnel_index;
    }
    const std::uint64_t counter =
        little_endian_at(datagram.message, offsetof(tg_wg_data, counter), 8);
    const bool stale =
        counter < receiver->greatest_counter && receiver->greatest_counter - counter > kWindow;
    if (counter >= kRejectAfterMessages || stale) {
        return DropReason::tunnel_counter;
    }
    const bool from_peer = datagram.view.remote() == receiver->address &&
                           ntohs(datagram.view.packet.key.remote_port) == receiver->port;
    if (!from_peer && !receiver->roaming.take(datagram.view.now, kSecond / 50, kSecond / 5)) {
        return DropReason::tunnel_roaming;
    }
    return DropReason::none;
}

DropReason ReferenceTunnels::judge_response(const Datagram& datagram) {
    if (find_receiver(datagram, offsetof(tg_wg_response, receiver_index), TG_WG_RESPONSE) ==
        nullptr) {
        return DropReason::tunnel_unasked;
    }
    if (!datagram.tunnel.checks_mac1) {
        return DropReason::none;
    }
    if (!datagram.tunnel.has_mac_time_of_peers) {
        return DropReason::tunnel_busy;
    }
    return is_mac1_right(datagram.tunnel, datagram.message) ? DropReason::none
                                                            : DropReason::tunnel_mac1;
}

DropReason ReferenceTunnels::judge_cookie_reply(const Datagram& datagram) {
    const bool awaited =
        find_receiver(datagram, offsetof(tg_wg_cookie_reply, receiver_index), TG_WG_COOKIE_REPLY) !=
        nullptr;
    return awaited ? DropReason::none : DropReason::tunnel_unasked;
}

DropReason ReferenceTunnels::judge_initiation(const Datagram& datagram) {
    ReferenceTunnel& tunnel = datagram.tunnel;
    const BootTime now = datagram.view.now;
    const auto of_peer = share_of_peer(tunnel, datagram.view.remote(), now);
    const Share share = of_peer.value_or(Share{tunnel.cookies, kCookieInterval, kCookieBurst});
    if (tunnel.under_load && !has_mac2(datagram.message) && !share.has_left(now)) {
        return DropReason::tunnel_mac2;
    }
    const bool needs_turn = !tunnel.has_mac_time;
    if (needs_turn && !(of_peer && tunnel.has_mac_time_of_peers && of_peer->take(now))) {
        return DropReason::tunnel_busy;
    }
    if (tunnel.checks_mac1 && !is_mac1_right(tunnel, datagram.message)) {
        return DropReason::tunnel_mac1;
    }
    Mac mac1;
    std::ranges::copy(mac1_of(datagram.message), mac1.begin());
    if (initiations_.contains(mac1)) {
        return DropReason::tunnel_replay;
    }
    const bool has_cookie = (tunnel.under_load || tunnel.takes_cookies) &&
                            is_mac2_right(tunnel, datagram.view, datagram.message);
    if (tunnel.site_secret && !is_of_site(tunnel, datagram.message) && !has_cookie) {
        return DropReason::tunnel_stealth;
    }
    if (tunnel.under_load && !has_cookie) {
        if (!needs_turn && !share.take(now)) {
            return DropReason::tunnel_mac2;
        }
    } else if (!initiators_[network_of(datagram.view.remote())].take(
                   now, kInitiatorInterval, kInitiatorBurst)) {
        return DropReason::tunnel_source;
    }
    initiations_.insert(mac1);
    return DropReason::none;
}

}  // namespace tollgate::policy
