// SPDX-License-Identifier: MIT
// What a tunnel tells the gate, as the kernel has it.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include <unistd.h>

#include <bpf/bpf.h>

#include <gtest/gtest.h>

#include <tollgate/abi/tunnel.h>

#include "agent/datapath/loaded_tunnel_gate.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "crypto/blake2s.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

using agent::GateReceiver;

class TunnelMaps : public GateLab {
  protected:
    template <typename Value, typename Key>
    [[nodiscard]] std::optional<Value> find(const char* map, const Key& wanted) const {
        const auto pin = agent::open_pin(pins.version() / map);
        EXPECT_TRUE(pin && *pin) << map;
        Value value{};
        return bpf_map_lookup_elem((*pin)->get(), &wanted, &value) == 0 ? std::optional{value}
                                                                        : std::nullopt;
    }
    [[nodiscard]] bool is_guarded(std::uint32_t port) const {
        const bool marked =
            (find<std::uint64_t>("tunnel_ports", port / 64).value() >> port % 64 & 1U) != 0;
        EXPECT_EQ(marked, tunnel(port).has_value());
        return marked;
    }
    [[nodiscard]] std::optional<tg_tunnel> tunnel(std::uint32_t port) const {
        return find<tg_tunnel>("tunnels", port);
    }
    [[nodiscard]] std::optional<std::uint32_t> slot(std::uint32_t index,
                                                    std::uint32_t tunnel) const {
        return find<std::uint32_t>("receivers", tg_receiver_key{index, tunnel});
    }
    [[nodiscard]] std::optional<tg_receiver> receiver(std::uint32_t index,
                                                      std::uint32_t tunnel = 0) const {
        const auto slot = this->slot(index, tunnel);
        return slot ? find<tg_receiver>("receiver_slots", *slot) : std::nullopt;
    }
    [[nodiscard]] bool knows(const IpAddress& network, std::uint32_t tunnel) const {
        tg_peer_source source{.network = {}, .tunnel = tunnel};
        std::ranges::copy(network.bytes, source.network);
        return find<std::uint64_t>("peer_sources", source).has_value();
    }
    std::unique_ptr<agent::TunnelGate> make_tunnel() { return *gate->tunnel_gate(0); }

    crypto::PublicKey key = public_key_of(crypto::generate_private_key());
};

/// Of somebody else, who gives it up when he likes.
class BorrowedSeat final : public agent::TunnelSeat {
  public:
    explicit BorrowedSeat(agent::TunnelSeat& seat) : seat_{seat}, number_{seat.number()} {}

    [[nodiscard]] std::uint32_t number() const override { return number_; }
    [[nodiscard]] Result<std::uint32_t> take_slots() override { return seat_.take_slots(); }
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded) override {
        return port == last_ && !guarded ? Result<void>{} : mark(port, guarded);
    }

  private:
    [[nodiscard]] Result<void> mark(std::uint16_t port, bool guarded) {
        last_ = port;
        return seat_.mark_port(port, guarded);
    }

    agent::TunnelSeat& seat_;
    std::uint32_t number_;
    std::uint16_t last_ = 0;
};

TEST_F(TunnelMaps, APortIsGuardedForAKey) {
    open();
    const auto tunnel_gate = make_tunnel();
    ASSERT_TRUE(tunnel_gate->listen(51820, key));
    ASSERT_TRUE(is_guarded(51820));
    const crypto::MacState expected = crypto::mac_state(crypto::MacKeys{key}.mac1);
    EXPECT_EQ(std::memcmp(tunnel(51820)->mac1_state, expected.data(), sizeof expected), 0);
    EXPECT_EQ(tunnel(51820)->flags, TG_TUNNEL_MAC1);
    ASSERT_TRUE(tunnel_gate->listen(51821, key));
    EXPECT_FALSE(is_guarded(51820)) << "the one before";
    EXPECT_TRUE(is_guarded(51821));
    tunnel_gate->close();
    EXPECT_FALSE(is_guarded(51821));
}

TEST_F(TunnelMaps, WhatIsWrittenToAReceiverTheKernelHasAtOnce) {
    open();
    const auto tunnel_gate = make_tunnel();
    const GateReceiver written = tunnel_gate->add(7);
    ASSERT_TRUE(receiver(7));
    EXPECT_EQ(receiver(7)->accepts, 0);
    written.accept(GateReceiver::kData, crypto::Instant{1234});
    written.set_greatest_counter(99);
    agent::Endpoint endpoint;
    endpoint.address = IpAddress::parse("192.0.2.9").value();
    endpoint.port = 0x1234;
    written.set_endpoint(endpoint);
    const tg_receiver seen = receiver(7).value();
    EXPECT_EQ(seen.accepts, GateReceiver::kData);
    EXPECT_EQ(seen.expires_ns, 1234U);
    EXPECT_EQ(seen.greatest_counter, 99U);
    EXPECT_EQ(seen.port, htobe16(0x1234));
    EXPECT_EQ(std::memcmp(seen.address, endpoint.address.bytes.data(), sizeof seen.address), 0);
    tunnel_gate->remove(7, written);
    EXPECT_FALSE(receiver(7));
}

TEST_F(TunnelMaps, ASlotThatIsUsedAgainIsEmpty) {
    open();
    const auto tunnel_gate = make_tunnel();
    const GateReceiver first = tunnel_gate->add(1);
    first.set_greatest_counter(1'000'000);
    tunnel_gate->remove(1, first);
    const GateReceiver second = tunnel_gate->add(2);
    EXPECT_EQ(second.slot(), first.slot());
    EXPECT_EQ(receiver(2)->greatest_counter, 0U);
}

TEST_F(TunnelMaps, EachTunnelHasIndicesOfItsOwn) {
    open();
    const auto one = make_tunnel();
    const auto other = make_tunnel();
    const GateReceiver of_one = one->add(5);
    static_cast<void>(other->add(5));
    EXPECT_NE(slot(5, 0), slot(5, 1));
    one->remove(5, of_one);
    EXPECT_FALSE(receiver(5, 0));
    EXPECT_TRUE(receiver(5, 1));
}

TEST_F(TunnelMaps, LoadAndItsSecretsAreTold) {
    open();
    const auto tunnel_gate = make_tunnel();
    ASSERT_TRUE(tunnel_gate->listen(51820, key));
    const auto secret = crypto::generate_preshared_key();
    const auto before = crypto::generate_preshared_key();
    agent::InitiationDemands demands{.cookie = true};
    demands.cookies.emplace(crypto::CookieChecker::Secrets{secret, before});
    tunnel_gate->demand(demands);
    EXPECT_EQ(tunnel(51820)->flags, TG_TUNNEL_MAC1 | TG_TUNNEL_UNDER_LOAD);
    const crypto::MacState current = crypto::mac_state(secret.bytes());
    const crypto::MacState previous = crypto::mac_state(before.bytes());
    EXPECT_EQ(std::memcmp(tunnel(51820)->cookie_states[0], current.data(), sizeof current), 0);
    EXPECT_EQ(std::memcmp(tunnel(51820)->cookie_states[1], previous.data(), sizeof previous), 0);
    demands.cookie = false;
    tunnel_gate->demand(demands);
    EXPECT_EQ(tunnel(51820)->flags, TG_TUNNEL_MAC1 | TG_TUNNEL_COOKIES);
    tunnel_gate->demand({});
    EXPECT_EQ(tunnel(51820)->flags, TG_TUNNEL_MAC1);
}

TEST_F(TunnelMaps, TheKeysOfTheStealthMacAreTold) {
    open();
    const auto tunnel_gate = make_tunnel();
    crypto::StealthKey stealth{crypto::generate_preshared_key()};
    const crypto::StealthSlots& slots = stealth.slots(crypto::WallTime{std::chrono::hours{9}});
    tunnel_gate->demand({.stealth = &slots});
    ASSERT_TRUE(tunnel_gate->listen(51820, key));
    const tg_tunnel told = tunnel(51820).value();
    EXPECT_EQ(told.flags, TG_TUNNEL_MAC1 | TG_TUNNEL_STEALTH) << "before the port is guarded";
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const crypto::MacState expected = crypto::mac_state(slots[i].bytes());
        EXPECT_EQ(std::memcmp(told.stealth_states[i], expected.data(), sizeof expected), 0) << i;
    }
    tunnel_gate->demand({});
    EXPECT_EQ(tunnel(51820)->flags, TG_TUNNEL_MAC1);
}

TEST_F(TunnelMaps, WherePeersAreIsTold) {
    open();
    const auto one = make_tunnel();
    const auto other = make_tunnel();
    const IpAddress here = IpAddress::parse("192.0.2.9").value();
    one->know_source(here);
    EXPECT_TRUE(knows(here, 0));
    EXPECT_FALSE(knows(here, 1)) << "the other tunnel";
    other->know_source(here);
    one->forget_source(here);
    EXPECT_FALSE(knows(here, 0));
    EXPECT_TRUE(knows(here, 1));
}

TEST_F(TunnelMaps, OutlivesTheAgentAndEndsWithTheNext) {
    open();
    const auto tunnel_gate = make_tunnel();  // not destroyed: the agent dies
    tunnel_gate->know_source(IpAddress{});
    ASSERT_TRUE(tunnel_gate->listen(51820, key));
    static_cast<void>(tunnel_gate->add(7));
    kill();
    EXPECT_TRUE(is_guarded(51820));
    EXPECT_TRUE(receiver(7));
    EXPECT_TRUE(knows(IpAddress{}, 0));
    open();
    EXPECT_FALSE(is_guarded(51820));
    EXPECT_FALSE(receiver(7));
    EXPECT_FALSE(knows(IpAddress{}, 0));
}

// As that of a process that was killed, which takes back nothing of what it has told the gate.
TEST_F(TunnelMaps, ASeatThatIsGivenUpLeavesNothing) {
    open();
    auto place = *gate->tunnel_place(0);
    auto seat = std::exchange(place.seat, std::make_unique<BorrowedSeat>(*place.seat));
    const auto killed = agent::LoadedTunnelGate::open(std::move(place));
    ASSERT_TRUE(killed);
    const std::uint32_t of_tunnel = seat->number();
    (*killed)->know_source(IpAddress{});
    ASSERT_TRUE((*killed)->listen(51820, key));
    static_cast<void>((*killed)->add(7));
    ASSERT_TRUE(is_guarded(51820));
    seat.reset();
    EXPECT_FALSE(is_guarded(51820));
    EXPECT_FALSE(receiver(7, of_tunnel));
    EXPECT_FALSE(knows(IpAddress{}, of_tunnel));
}

TEST_F(TunnelMaps, APortIsFreeWhenItsTunnelIsGone) {
    open();
    auto tunnel_gate = make_tunnel();
    ASSERT_TRUE(tunnel_gate->listen(51820, key));
    tunnel_gate.reset();
    EXPECT_FALSE(is_guarded(51820));
}

TEST_F(TunnelMaps, ReceiverSlotsAreMemoryOfATunnelOnlyIfItHasIndices) {
    const auto mapped = [] {  // bytes of maps
        std::ifstream maps{"/proc/self/maps"};
        std::size_t bytes = 0;
        for (std::string line; std::getline(maps, line);) {
            if (line.find("bpf-map") != std::string::npos) {
                bytes += std::stoul(line.substr(line.find('-') + 1), nullptr, 16) -
                         std::stoul(line, nullptr, 16);
            }
        }
        return bytes;
    };
    constexpr std::size_t kShare = agent::TunnelSeat::kSlots * sizeof(tg_receiver);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    open();
    const std::size_t without = mapped();
    auto tunnel_gate = make_tunnel();
    EXPECT_EQ(mapped(), without);
    ASSERT_NE(tunnel_gate->add(7).slot(), nullptr);
    EXPECT_EQ(mapped(), without + std::max(kShare, page));
    for (std::uint32_t index = 8; index <= 7 + agent::TunnelSeat::kSlots; ++index) {
        ASSERT_NE(tunnel_gate->add(index).slot(), nullptr) << index;
    }
    EXPECT_EQ(mapped(), without + std::max(2 * kShare, page));
    tunnel_gate.reset();
    EXPECT_EQ(mapped(), without);
}

TEST_F(TunnelMaps, ThereAreSoManyTunnelsAndNoMore) {
    open();
    std::vector<std::unique_ptr<agent::TunnelGate>> tunnels;
    for (int i = 0; i < TG_TUNNELS_MAX; ++i) {
        tunnels.push_back(make_tunnel());
    }
    EXPECT_EQ(gate->tunnel_gate(0).error().code.value(), ENOSPC);
    tunnels.pop_back();
    EXPECT_TRUE(gate->tunnel_gate(0));
}

TEST_F(TunnelMaps, ATunnelKnowsTheInterfacesThatAreAttached) {
    open();
    const auto tunnel_gate = make_tunnel();
    EXPECT_TRUE(tunnel_gate->interfaces().empty());
    const std::uint64_t before = tunnel_gate->interfaces_version();
    ASSERT_TRUE(load(policy_for_port(53)));
    ASSERT_TRUE(attach());
    EXPECT_NE(tunnel_gate->interfaces_version(), before);
    ASSERT_EQ(tunnel_gate->interfaces().size(), 1U);
    const agent::GateInterface seen = tunnel_gate->interfaces().front();
    EXPECT_EQ(seen.name, "eth0");
    EXPECT_EQ(seen.zone, 0);
    EXPECT_TRUE(seen.has_xdp);
    ASSERT_TRUE(gate->detach("eth0"));
    EXPECT_TRUE(tunnel_gate->interfaces().empty());
}

TEST_F(TunnelMaps, WithoutRoomAReceiverIsEmptyAndHarmless) {
    open();
    const auto tunnel_gate = make_tunnel();
    for (std::uint32_t index = 0; index < TG_RECEIVERS_MAX; ++index) {
        ASSERT_NE(tunnel_gate->add(index).slot(), nullptr) << index;
    }
    const GateReceiver none = tunnel_gate->add(TG_RECEIVERS_MAX);
    EXPECT_EQ(none.slot(), nullptr);
    EXPECT_EQ(tunnel_gate->refused_indices(), 1U);
    none.set_greatest_counter(1);
    tunnel_gate->remove(TG_RECEIVERS_MAX, none);
    EXPECT_TRUE(receiver(0));
}

TEST_F(TunnelMaps, AnInnerPrefixIsOfThePeerWithTheLongestOneThatHoldsAllOfIt) {
    open();
    const auto tunnel_gate = make_tunnel();
    for (const auto& [prefix, owner] : {std::pair{"10.9.0.0/16", "site"},
                                        std::pair{"10.9.0.7/32", "camera"},
                                        std::pair{"0.0.0.0/0", "exit"}}) {
        ASSERT_TRUE(tunnel_gate->own(*Prefix::parse(prefix), owner));
    }
    const auto peer_of = [&](const char* inner) {
        return gate->peer_of(0, *Prefix::parse(inner));
    };
    EXPECT_EQ(peer_of("10.9.0.7"), "camera");
    EXPECT_EQ(peer_of("10.9.0.8"), "site");
    EXPECT_EQ(peer_of("10.9.0.0/24"), "site");
    EXPECT_EQ(peer_of("10.8.0.0/15"), "exit") << "wider than the site";
    EXPECT_EQ(peer_of("2001:db8::1"), "");
    EXPECT_EQ(gate->peer_of(1, *Prefix::parse("10.9.0.7")), "") << "of another tunnel";
}

}  // namespace
}  // namespace tollgate::test
