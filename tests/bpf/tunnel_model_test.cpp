// SPDX-License-Identifier: MIT
// The program and the reference model agree on every message to a tunnel.
#include <chrono>
#include <iostream>
#include <map>

#include <sched.h>

#include "policy/reference_model.hpp"
#include "tests/bpf/tunnel_source.hpp"

namespace tollgate::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMessages = 250'000;  // TOLLGATE_MESSAGES: as many as you like
constexpr std::chrono::seconds kTimeMax{20};  // unless they are asked for

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* given = std::getenv(variable);
    return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

class TunnelModel : public TunnelTest {
  protected:
    void SetUp() override {
        TunnelTest::SetUp();
        cpu_set_t one;  // whose clock the model is given
        CPU_ZERO(&one);
        CPU_SET(cpu_, &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    }

    policy::ReferenceTunnel& tunnel() { return model_.tunnels().by_port[51820]; }

    // Everything that the agent can change, in both.
    void change(TunnelSource& source) {
        tunnel().checks_mac1 = !source.once_in(5);
        tunnel().under_load = source.once_in(2);
        tunnel().takes_cookies = source.once_in(2);
        tunnel().has_mac_time = !source.once_in(3);
        tunnel().has_mac_time_of_peers = !source.once_in(3);
        tunnel().site_secret.reset();
        if (source.once_in(2)) {
            std::ranges::copy(keys.site.bytes(), tunnel().site_secret.emplace().begin());
        }
        tunnel().stealth_slot = keys.wall.time_since_epoch() / crypto::kStealthSlot;
        const unsigned flags = (tunnel().checks_mac1 ? unsigned{TG_TUNNEL_MAC1} : 0U) |
                               (tunnel().under_load ? unsigned{TG_TUNNEL_UNDER_LOAD} : 0U) |
                               (tunnel().takes_cookies ? unsigned{TG_TUNNEL_COOKIES} : 0U) |
                               (tunnel().site_secret ? unsigned{TG_TUNNEL_STEALTH} : 0U);
        guard(keys.tunnel(flags));
        if (source.once_in(2)) {
            spend_cookies();
        }
        for (const IpAddress& network : TunnelSource::near_networks()) {
            set_peer_source(network, source.once_in(2));
        }
        for (std::uint32_t index = 0; index < TunnelSource::kReceivers; ++index) {
            set_receiver(index, source.any_receiver(policy::BootTime(boot_time_ns())));
        }
    }
    // Nobody is given a cookie for a while.
    void spend_cookies() {
        const policy::BootTime now(boot_time_ns());
        while (tunnel().cookies.take(now, 500us, 500ms)) {
        }
        programs.put(programs.object().maps.cookie_due,
                     std::uint32_t{3},
                     static_cast<std::uint64_t>(tunnel().cookies.full_again().count()));
    }
    // The model has no idea how long MACs take here: there is as much time as it says.
    void give_mac_time() {
        for (const bool of_peer : {false, true}) {
            const bool has_time = of_peer ? tunnel().has_mac_time_of_peers : tunnel().has_mac_time;
            programs.put(programs.object().maps.mac_due,
                         std::uint32_t{TG_MAC_DUE(3U, of_peer ? 1U : 0U)},
                         has_time ? 0 : boot_time_ns() + 3600 * TG_SECOND);
        }
    }
    void set_peer_source(const IpAddress& network, bool known) {
        tg_peer_source key{.network = {}, .tunnel = 3};
        std::ranges::copy(network.bytes, key.network);
        tunnel().peer_sources.erase(network);
        bpf_map_delete_elem(bpf_map__fd(programs.object().maps.peer_sources), &key);
        if (known) {
            tunnel().peer_sources[network];
            programs.put(programs.object().maps.peer_sources, key, std::uint64_t{0});
        }
    }
    void set_receiver(std::uint32_t index, const policy::ReferenceReceiver& wanted) {
        tg_receiver slot{};
        slot.greatest_counter = wanted.greatest_counter;
        slot.expires_ns = static_cast<std::uint64_t>(wanted.expires.count());
        slot.port = htons(wanted.port);
        std::memcpy(slot.address, wanted.address.bytes.data(), sizeof slot.address);
        for (const std::uint32_t type : wanted.accepts) {
            slot.accepts = static_cast<std::uint8_t>(slot.accepts | 1U << type);
        }
        programs.put(programs.object().maps.receivers, tg_receiver_key{index, 3}, index);
        programs.put(programs.object().maps.receiver_slots, index, slot);
        tunnel().receivers[index] = wanted;
    }

    // When the program judged its last frame: the clock of its buckets has ticks.
    policy::BootTime program_time() const {
        bpf_map* map = programs.object().maps.xdp_passage;
        const std::size_t stride = (std::size_t{bpf_map__value_size(map)} + 7) / 8 * 8;
        std::vector<std::byte> values(stride *
                                      static_cast<std::size_t>(libbpf_num_possible_cpus()));
        const std::uint32_t only = 0;
        EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(map), &only, values.data()), 0);
        std::uint64_t now = 0;  // behind the packet and the jiffies
        std::memcpy(&now, &values.at(cpu_ * stride + sizeof(tg_packet) + 8), sizeof now);
        return policy::BootTime(now);
    }

    const std::size_t cpu_ = static_cast<std::size_t>(sched_getcpu());
    policy::ReferenceModel model_{policy::Policy{}, policy::Stage::enforce};
};

TEST_F(TunnelModel, ProgramAndModelAgreeOnEveryMessage) {
    const std::uint64_t seed = number_from("TOLLGATE_SEED", std::random_device{}());
    const std::uint64_t wanted = number_from("TOLLGATE_MESSAGES", kMessages);
    const auto start = std::chrono::steady_clock::now();
    std::cout << "TOLLGATE_SEED=" << seed << '\n';
    TunnelSource source{seed, keys};
    std::ranges::copy(keys.mac1_key(), tunnel().mac1_key.begin());
    for (const auto* secret : {&keys.secret, &keys.previous_secret}) {
        std::ranges::copy(secret->bytes(), tunnel().cookie_secrets.emplace_back().begin());
    }
    std::map<DropReason, std::uint64_t> reasons;
    std::uint64_t messages = 0;
    for (; messages < wanted; ++messages) {
        if (messages % 3000 == 0) {
            change(source);
        }
        give_mac_time();
        const Bytes frame = source.next();
        const Outcome seen = judge(frame, kIn);
        const auto expected = model_.judge(frame, kIn, program_time());
        ASSERT_EQ(seen, (Outcome{expected.passed, expected.reason})) << "message " << messages;
        ++reasons[seen.reason];
        if (wanted == kMessages && std::chrono::steady_clock::now() - start > kTimeMax) {
            break;
        }
    }
    std::cout << messages << " messages";
    for (const auto& [reason, count] : reasons) {
        std::cout << ", " << label(reason) << ' ' << count;
    }
    std::cout << '\n';
    for (auto reason = TG_DROP_TUNNEL_MESSAGE; reason <= TG_DROP_TUNNEL_BUSY;
         reason = static_cast<tg_drop_reason>(reason + 1)) {
        EXPECT_GT(reasons[static_cast<DropReason>(reason)], 0U) << reason;
    }
}

}  // namespace
}  // namespace tollgate::test
