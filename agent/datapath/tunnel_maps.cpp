// SPDX-License-Identifier: MIT
#include "agent/datapath/tunnel_maps.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include <linux/bpf.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include "agent/datapath/map_keys.hpp"
#include "agent/system/boot_clock.hpp"
#include "crypto/blake2s.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kSlotsBytes = std::size_t{TG_RECEIVERS_MAX} * sizeof(tg_receiver);
constexpr unsigned kPortsPerWord = 64;

// Removes every entry of a hash with keys of this type.
template <typename Key>
Result<void> clear(const MapHandle& map) {
    std::vector<Key> keys;
    const auto visited = visit_entries(map, [&](const std::byte* key, const std::byte*) {
        std::memcpy(&keys.emplace_back(), key, sizeof(Key));
    });
    return visited ? remove_entries(map, keys.data(), keys.size()) : visited;
}

void copy(const crypto::MacState& from, __u32 (&to)[TG_BLAKE2S_STATE_WORDS]) {
    std::ranges::copy(from, to);
}

}  // namespace

Result<std::shared_ptr<TunnelMaps>> TunnelMaps::open(std::shared_ptr<const GateObject> maps) {
    std::shared_ptr<TunnelMaps> made{new TunnelMaps{std::move(maps)}};
    return made->forget_all().map([&] { return made; });
}

TunnelMaps::TunnelMaps(std::shared_ptr<const GateObject> maps) : maps_{std::move(maps)} {}

TunnelMaps::~TunnelMaps() {
    if (slots_ != nullptr) {
        ::munmap(slots_, kSlotsBytes);
    }
}

Result<void> TunnelMaps::forget_all() {
    const std::vector<std::uint64_t> no_ports(TG_TUNNEL_PORT_WORDS);
    return write_range(maps_->map("tunnel_ports"), 0, TG_TUNNEL_PORT_WORDS, no_ports.data())
        .and_then([&] { return clear<std::uint32_t>(maps_->map("tunnels")); })
        .and_then([&] { return clear<tg_receiver_key>(maps_->map("receivers")); })
        .and_then([&] { return clear<tg_peer_source>(maps_->map("peer_sources")); })
        .and_then([&] { return clear<tg_peer_prefix_key>(maps_->map("peer_addresses")); });
}

Result<void> TunnelMaps::map_slots() {
    if (slots_ != nullptr) {
        return {};
    }
    void* const slots = ::mmap(nullptr,
                               kSlotsBytes,
                               PROT_READ | PROT_WRITE,
                               MAP_SHARED,
                               maps_->map_fd("receiver_slots"),
                               0);
    if (slots == MAP_FAILED) {  // NOLINT(*-cast*,*-int-to-ptr): the C library's macro
        return failure(errno, "map the receiver slots of the gate");
    }
    slots_ = static_cast<tg_receiver*>(slots);
    return {};
}

Result<std::uint32_t> TunnelMaps::take_number() {
    const std::lock_guard lock{mutex_};
    const auto free = std::ranges::find(taken_, false);
    if (free == taken_.end()) {
        return failure(ENOSPC, fmt::format("guard more than {} tunnels", TG_TUNNELS_MAX));
    }
    return map_slots().map([&] {
        *free = true;
        return static_cast<std::uint32_t>(free - taken_.begin());
    });
}

void TunnelMaps::give_back_number(std::uint32_t number) {
    const std::lock_guard lock{mutex_};
    taken_.at(number) = false;
}

// The programs look for the tunnel of a port that is marked, so the mark is the last to come and
// the first to go.
Result<void> TunnelMaps::put(std::uint16_t port, const tg_tunnel& tunnel) {
    const std::uint32_t key = port;
    return put_entries(maps_->map("tunnels"), &key, &tunnel, 1).and_then([&] {
        return mark_port(port, true);
    });
}

void TunnelMaps::remove(std::uint16_t port) {
    const std::uint32_t key = port;
    // What cannot be removed stays guarded.
    if (mark_port(port, false)) {
        static_cast<void>(remove_entries(maps_->map("tunnels"), &key, 1));
    }
}

Result<void> TunnelMaps::mark_port(std::uint16_t port, bool guarded) {
    const std::lock_guard lock{mutex_};
    const MapHandle& ports = maps_->map("tunnel_ports");
    const std::uint32_t index = port / kPortsPerWord;
    const std::uint64_t bit = std::uint64_t{1} << port % kPortsPerWord;
    std::uint64_t word = 0;
    return read_range(ports, index, 1, &word).and_then([&] {
        word = guarded ? word | bit : word & ~bit;
        return write_range(ports, index, 1, &word);
    });
}

GateReceiver TunnelMaps::add(const tg_receiver_key& key) {
    const std::lock_guard lock{mutex_};
    if (free_slots_.empty() && unused_from_ == TG_RECEIVERS_MAX) {
        return {};
    }
    if (free_slots_.empty()) {
        free_slots_.push_back(unused_from_++);
    }
    const std::uint32_t slot = free_slots_.back();
    tg_receiver* receiver = slots_ + slot;
    *receiver = {};
    if (!put_entries(maps_->map("receivers"), &key, &slot, 1)) {
        return {};
    }
    free_slots_.pop_back();
    return GateReceiver{receiver};
}

void TunnelMaps::remove(const tg_receiver_key& key, GateReceiver receiver) {
    if (receiver.slot() == nullptr) {
        return;
    }
    receiver.accept(0, crypto::Instant{0});
    const std::lock_guard lock{mutex_};
    // A slot whose entry cannot be removed is not used again: it would stand for two indices.
    if (remove_entries(maps_->map("receivers"), &key, 1)) {
        free_slots_.push_back(static_cast<std::uint32_t>(receiver.slot() - slots_));
    }
}

void TunnelMaps::know_source(const tg_peer_source& source) {
    const std::uint64_t due = 0;
    static_cast<void>(put_entries(maps_->map("peer_sources"), &source, &due, 1));
}

// What cannot be removed keeps its places, and the tunnel asks for a cookie.
void TunnelMaps::forget_source(const tg_peer_source& source) {
    static_cast<void>(remove_entries(maps_->map("peer_sources"), &source, 1));
}

void TunnelMaps::set_interfaces(std::vector<GateInterface> interfaces) {
    const std::lock_guard lock{mutex_};
    if (interfaces != interfaces_) {
        interfaces_ = std::move(interfaces);
        ++interfaces_version_;
    }
}

std::vector<GateInterface> TunnelMaps::interfaces() const {
    const std::lock_guard lock{mutex_};
    return interfaces_;
}

Result<void> TunnelMaps::put_socket(std::uint32_t index, int socket) {
    return put_entries(maps_->map("tunnel_sockets"), &index, &socket, 1);
}

// The clock is read last: verdicts that came from the old entry are older.
Result<void> TunnelMaps::revoke_verdicts(std::uint8_t zone) {
    const std::uint64_t now = boot_time_ns();
    return write_range(maps_->map("peers_changed"), zone, 1, &now);
}

Result<void> TunnelMaps::own(std::uint8_t zone, const Prefix& prefix, std::string_view peer) {
    const tg_peer_prefix_key key = map_key(zone, prefix);
    const tg_peer_name name = map_key(peer);
    return put_entries(maps_->map("peer_addresses"), &key, &name, 1).and_then([&] {
        return revoke_verdicts(zone);
    });
}

// An entry that cannot be removed says that the addresses are nobody's, or no longer anybody's.
void TunnelMaps::disown(std::uint8_t zone, const Prefix& prefix) {
    const tg_peer_prefix_key key = map_key(zone, prefix);
    static_cast<void>(remove_entries(maps_->map("peer_addresses"), &key, 1));
    static_cast<void>(revoke_verdicts(zone));
}

void TunnelMaps::disown_all(std::uint8_t zone) {
    const MapHandle& addresses = maps_->map("peer_addresses");
    std::vector<tg_peer_prefix_key> keys;
    const auto visited = visit_entries(addresses, [&](const std::byte* key, const std::byte*) {
        tg_peer_prefix_key found{};
        std::memcpy(&found, key, sizeof found);
        if (found.zone == zone) {
            keys.push_back(found);
        }
    });
    if (visited) {
        static_cast<void>(remove_entries(addresses, keys.data(), keys.size()));
    }
    static_cast<void>(revoke_verdicts(zone));
}

LoadedTunnelGate::LoadedTunnelGate(std::shared_ptr<TunnelMaps> maps,
                                   std::uint32_t number,
                                   std::uint8_t zone)
    : maps_{std::move(maps)}, zone_{zone} {
    tunnel_.number = number;
    tunnel_.flags = TG_TUNNEL_MAC1;
    maps_->disown_all(zone_);
}

LoadedTunnelGate::~LoadedTunnelGate() {
    close();
    maps_->disown_all(zone_);
    maps_->give_back_number(tunnel_.number);
}

Result<void> LoadedTunnelGate::listen(std::uint16_t port, const crypto::PublicKey& key) {
    if (port_ != 0 && port_ != port) {
        close();
    }
    copy(crypto::mac_state(crypto::MacKeys{key}.mac1), tunnel_.mac1_state);
    if (auto put = maps_->put(port, tunnel_); !put) {
        return failure(put.error().code.value(),
                       fmt::format("guard the port {} of a tunnel", port));
    }
    port_ = port;
    return {};
}

void LoadedTunnelGate::close() {
    if (port_ != 0) {
        maps_->remove(std::exchange(port_, std::uint16_t{0}));
    }
}

GateReceiver LoadedTunnelGate::add(std::uint32_t index) {
    const GateReceiver receiver = maps_->add({.index = index, .tunnel = tunnel_.number});
    refused_indices_ += receiver.slot() == nullptr ? 1U : 0U;
    return receiver;
}

void LoadedTunnelGate::remove(std::uint32_t index, GateReceiver receiver) {
    maps_->remove({.index = index, .tunnel = tunnel_.number}, receiver);
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
    maps_->know_source(source_key(network));
}

void LoadedTunnelGate::forget_source(const IpAddress& network) {
    maps_->forget_source(source_key(network));
}

Result<void> LoadedTunnelGate::own(const Prefix& prefix, std::string_view peer) {
    return maps_->own(zone_, prefix, peer);
}

void LoadedTunnelGate::disown(const Prefix& prefix) {
    maps_->disown(zone_, prefix);
}

Result<void> LoadedTunnelGate::hand_over(const GateInterface& interface,
                                         std::uint32_t queue,
                                         int socket) {
    return maps_->put_socket(TG_TUNNEL_SOCKET(tunnel_.number, interface.zone, queue), socket);
}

// If the kernel refuses, the gate lets more through, or less, than it could: the tunnel checks all
// of it again.
void LoadedTunnelGate::write() {
    if (port_ != 0) {
        static_cast<void>(maps_->put(port_, tunnel_));
    }
}

}  // namespace tollgate::agent
