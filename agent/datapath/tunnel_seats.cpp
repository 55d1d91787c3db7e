// SPDX-License-Identifier: MIT
#include "agent/datapath/tunnel_seats.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tollgate/abi/tunnel.h>

#include "agent/datapath/peer_addresses.hpp"
#include "agent/datapath/state_tables.hpp"

namespace tollgate::agent {

namespace {

constexpr unsigned kPortsPerWord = 64;

// The keys of a hash, of this type, that `is_meant` says.
template <typename Key, typename Chosen>
std::vector<Key> keys_of(const MapHandle& map, const Chosen& is_meant) {
    std::vector<Key> keys;
    const auto visited = visit_entries(map, [&](const std::byte* bytes, const std::byte* value) {
        Key key{};
        std::memcpy(&key, bytes, sizeof key);
        if (is_meant(key, value)) {
            keys.push_back(key);
        }
    });
    return visited ? keys : std::vector<Key>{};
}

template <typename Key>
Result<void> clear(const MapHandle& map) {
    const auto keys = keys_of<Key>(map, [](const Key&, const std::byte*) { return true; });
    return remove_entries(map, keys.data(), keys.size());
}

template <typename Key>
void clear_of(const MapHandle& map, std::uint32_t number) {
    const auto keys =
        keys_of<Key>(map, [&](const Key& key, const std::byte*) { return key.tunnel == number; });
    static_cast<void>(remove_entries(map, keys.data(), keys.size()));
}

}  // namespace

class TunnelSeats::Seat final : public TunnelSeat {
  public:
    Seat(std::shared_ptr<TunnelSeats> seats, std::uint32_t number, std::uint8_t zone)
        : seats_{std::move(seats)}, number_{number}, zone_{zone} {}
    ~Seat() override { seats_->leave(number_, zone_); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    [[nodiscard]] std::uint32_t number() const override { return number_; }
    [[nodiscard]] Result<std::uint32_t> take_slots() override {
        return seats_->take_slots(number_);
    }
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded) override {
        return seats_->mark_port(number_, port, guarded);
    }

  private:
    std::shared_ptr<TunnelSeats> seats_;
    std::uint32_t number_;
    std::uint8_t zone_;
};

Result<std::shared_ptr<TunnelSeats>> TunnelSeats::open(std::shared_ptr<const GateObject> object) {
    std::shared_ptr<TunnelSeats> made{new TunnelSeats{std::move(object)}};
    return made->forget_all().map([&] { return made; });
}

TunnelSeats::TunnelSeats(std::shared_ptr<const GateObject> object)
    : object_{std::move(object)}, maps_{TunnelMapSet::of(*object_)} {}

Result<void> TunnelSeats::forget_all() {
    const std::vector<std::uint64_t> no_ports(TG_TUNNEL_PORT_WORDS);
    return write_range(maps_.ports, 0, TG_TUNNEL_PORT_WORDS, no_ports.data())
        .and_then([&] { return clear<std::uint32_t>(maps_.tunnels); })
        .and_then([&] { return clear<tg_receiver_key>(maps_.receivers); })
        .and_then([&] { return clear<tg_peer_source>(maps_.peer_sources); })
        .and_then([&] { return clear<tg_peer_prefix_key>(maps_.peer_addresses); });
}

Result<std::unique_ptr<TunnelSeat>> TunnelSeats::take(std::uint8_t zone) {
    const std::lock_guard lock{mutex_};
    const auto free = std::ranges::find(taken_, false);
    if (free == taken_.end()) {
        return failure(ENOSPC, fmt::format("guard more than {} tunnels", TG_TUNNELS_MAX));
    }
    *free = true;
    disown_all(maps_, zone);
    return std::make_unique<Seat>(
        shared_from_this(), static_cast<std::uint32_t>(free - taken_.begin()), zone);
}

Result<std::uint32_t> TunnelSeats::take_slots(std::uint32_t number) {
    const std::lock_guard lock{mutex_};
    const auto free = std::ranges::find(owners_, std::optional<std::uint32_t>{});
    if (free == owners_.end()) {
        return failure(ENOSPC, fmt::format("have more than {} receiver indices", TG_RECEIVERS_MAX));
    }
    *free = number;
    return static_cast<std::uint32_t>(free - owners_.begin()) * TunnelSeat::kSlots;
}

Result<void> TunnelSeats::mark_port(std::uint32_t number, std::uint16_t port, bool guarded) {
    const std::lock_guard lock{mutex_};
    std::uint16_t& marked = ports_.at(number);
    if (port == 0 ||
        (guarded ? marked != port && std::ranges::count(ports_, port) != 0 : marked != port)) {
        return failure(EADDRINUSE, fmt::format("guard the port {}, which is not its own", port));
    }
    if (guarded && marked != 0 && marked != port) {
        return failure(EBUSY, fmt::format("guard more ports than {}", marked));
    }
    return write_mark(port, guarded).map([&] { marked = guarded ? port : std::uint16_t{0}; });
}

Result<void> TunnelSeats::write_mark(std::uint16_t port, bool guarded) {
    if (guarded) {  // before the mark: the programs ask this first
        if (auto used = StateTables{*object_}.use_local_port(port); !used) {
            return used;
        }
    }
    const std::uint32_t index = port / kPortsPerWord;
    const std::uint64_t bit = std::uint64_t{1} << port % kPortsPerWord;
    std::uint64_t word = 0;
    return read_range(maps_.ports, index, 1, &word).and_then([&] {
        word = guarded ? word | bit : word & ~bit;
        return write_range(maps_.ports, index, 1, &word);
    });
}

// A tunnel that ended in order has left nothing. The programs look for the tunnel of a port that is
// marked, so the mark goes first.
void TunnelSeats::leave(std::uint32_t number, std::uint8_t zone) {
    const std::lock_guard lock{mutex_};
    std::uint16_t& port = ports_.at(number);
    if (port != 0 && !write_mark(port, false)) {
        return;  // what cannot be given up stays guarded, and nobody else gets the number
    }
    port = 0;
    const auto ports =
        keys_of<std::uint32_t>(maps_.tunnels, [&](std::uint32_t, const std::byte* value) {
            tg_tunnel tunnel{};
            std::memcpy(&tunnel, value, sizeof tunnel);
            return tunnel.number == number;
        });
    static_cast<void>(remove_entries(maps_.tunnels, ports.data(), ports.size()));
    clear_of<tg_receiver_key>(maps_.receivers, number);
    clear_of<tg_peer_source>(maps_.peer_sources, number);
    disown_all(maps_, zone);
    std::ranges::replace(owners_, std::optional{number}, std::optional<std::uint32_t>{});
    taken_.at(number) = false;
}

}  // namespace tollgate::agent
