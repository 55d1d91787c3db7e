// SPDX-License-Identifier: MIT
#include "agent/datapath/loaded_tunnel_gate.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include <linux/bpf.h>

#include <fmt/format.h>

#include "agent/datapath/map_keys.hpp"
#include "agent/datapath/peer_addresses.hpp"
#include "crypto/blake2s.hpp"

namespace tollgate::agent {

namespace {

void copy(const crypto::MacState& from, __u32 (&to)[TG_BLAKE2S_STATE_WORDS]) {
    std::ranges::copy(from, to);
}

}  // namespace

Result<std::unique_ptr<LoadedTunnelGate>> LoadedTunnelGate::open(TunnelPlace place) {
    auto slots = ReceiverSlots::open(place.maps.receiver_slots, *place.seat);
    if (!slots) {
        return Failure{slots.error()};
    }
    return std::unique_ptr<LoadedTunnelGate>{
        new LoadedTunnelGate{std::move(place), *std::move(slots)}};
}

LoadedTunnelGate::LoadedTunnelGate(TunnelPlace place, ReceiverSlots slots)
    : place_{std::move(place)}, slots_{std::move(slots)} {
    tunnel_.number = place_.seat->number();
    tunnel_.flags = TG_TUNNEL_MAC1;
}

LoadedTunnelGate::~LoadedTunnelGate() {
    close();
    disown_all(place_.maps, place_.zone);
}

Result<void> LoadedTunnelGate::listen(std::uint16_t port, const crypto::PublicKey& key) {
    if (port_ != 0 && port_ != port) {
        close();
    }
    copy(crypto::mac_state(crypto::MacKeys{key}.mac1), tunnel_.mac1_state);
    if (auto done = put(port); !done) {
        return failure(done.error().code.value(),
                       fmt::format("guard the port {} of a tunnel", port));
    }
    port_ = port;
    return {};
}

// The programs look for the tunnel of a port that is marked, so the mark is the last to come and
// the first to go.
Result<void> LoadedTunnelGate::put(std::uint16_t port) {
    const std::uint32_t key = port;
    return put_entries(place_.maps.tunnels, &key, &tunnel_, 1).and_then([&] {
        return place_.seat->mark_port(port, true);
    });
}

// What cannot be removed stays guarded.
void LoadedTunnelGate::close() {
    const std::uint32_t port = std::exchange(port_, std::uint16_t{0});
    if (port != 0 && place_.seat->mark_port(static_cast<std::uint16_t>(port), false)) {
        static_cast<void>(remove_entries(place_.maps.tunnels, &port, 1));
    }
}

tg_receiver_key LoadedTunnelGate::receiver_key(std::uint32_t index) const {
    return {.index = index, .tunnel = tunnel_.number};
}

GateReceiver LoadedTunnelGate::add(std::uint32_t index) {
    const tg_receiver_key key = receiver_key(index);
    const GateReceiver receiver = slots_.take();
    if (receiver.slot() != nullptr) {
        const std::uint32_t slot = slots_.number_of(receiver);
        if (put_entries(place_.maps.receivers, &key, &slot, 1)) {
            return receiver;
        }
        slots_.give_back(receiver);
    }
    ++refused_indices_;
    return {};
}

// A slot whose entry cannot be removed is not used again: it would stand for two indices.
void LoadedTunnelGate::remove(std::uint32_t index, GateReceiver receiver) {
    if (receiver.slot() == nullptr) {
        return;
    }
    receiver.accept(0, crypto::Instant{0});
    const tg_receiver_key key = receiver_key(index);
    if (remove_entries(place_.maps.receivers, &key, 1)) {
        slots_.give_back(receiver);
    }
}

void LoadedTunnelGate::demand(const InitiationDemands& demands) {
    unsigned flags = TG_TUNNEL_MAC1;
    if (demands.cookies) {
        flags |= demands.cookie ? TG_TUNNEL_UNDER_LOAD : TG_TUNNEL_COOKIES;
        copy(crypto::mac_state(demands.cookies->current.bytes()), tunnel_.cookie_states[0]);
        copy(crypto::mac_state(demands.cookies->previous.bytes()), tunnel_.cookie_states[1]);
    }
    if (demands.stealth != nullptr) {
        static_assert(std::tuple_size_v<crypto::StealthSlots> == TG_TUNNEL_STEALTH_SLOTS);
        flags |= TG_TUNNEL_STEALTH;
        for (std::size_t i = 0; i < demands.stealth->size(); ++i) {
            copy(crypto::mac_state((*demands.stealth)[i].bytes()), tunnel_.stealth_states[i]);
        }
    }
    tunnel_.flags = flags;
    write();
}

tg_peer_source LoadedTunnelGate::source_key(const IpAddress& network) const {
    tg_peer_source key{};
    std::ranges::copy(network.bytes, key.network);
    key.tunnel = tunnel_.number;
    return key;
}

void LoadedTunnelGate::know_source(const IpAddress& network) {
    const tg_peer_source source = source_key(network);
    const std::uint64_t due = 0;
    static_cast<void>(put_entries(place_.maps.peer_sources, &source, &due, 1));
}

// What cannot be removed keeps its places, and the tunnel asks for a cookie.
void LoadedTunnelGate::forget_source(const IpAddress& network) {
    const tg_peer_source source = source_key(network);
    static_cast<void>(remove_entries(place_.maps.peer_sources, &source, 1));
}

Result<void> LoadedTunnelGate::own(const Prefix& prefix, std::string_view peer) {
    return agent::own(place_.maps, place_.zone, prefix, peer);
}

void LoadedTunnelGate::disown(const Prefix& prefix) {
    agent::disown(place_.maps, place_.zone, prefix);
}

Result<void> LoadedTunnelGate::hand_over(const GateInterface& interface,
                                         std::uint32_t queue,
                                         int socket) {
    const std::uint32_t index = TG_TUNNEL_SOCKET(tunnel_.number, interface.zone, queue);
    return put_entries(place_.maps.sockets, &index, &socket, 1);
}

// If the kernel refuses, the gate lets more through, or less, than it could: the tunnel checks all
// of it again.
void LoadedTunnelGate::write() {
    if (const std::uint32_t port = port_; port != 0) {
        static_cast<void>(put_entries(place_.maps.tunnels, &port, &tunnel_, 1));
    }
}

}  // namespace tollgate::agent
