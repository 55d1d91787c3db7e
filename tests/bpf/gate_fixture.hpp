// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gate.skel.h>

#include <gtest/gtest.h>

#include <tollgate/abi/counters.h>
#include <tollgate/abi/parse.h>
#include <tollgate/abi/policy.h>
#include <tollgate/abi/report.h>
#include <tollgate/result.hpp>

#include "tests/bpf/gate_pool.hpp"
#include "tests/support/port_index.hpp"
#include "tests/support/talk.hpp"

namespace tollgate::test {

inline constexpr Direction kIn = Direction::ingress;
inline constexpr Direction kOut = Direction::egress;

/// What the gate did with one frame.
struct Outcome {
    bool passed = false;
    DropReason reason = DropReason::none;  ///< of the drop, or of the would-drop
    bool operator==(const Outcome&) const = default;
};

inline std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
    return to << (outcome.passed ? "passed" : "dropped") << ", " << label(outcome.reason);
}

inline constexpr Outcome kPassed{true, DropReason::none};
inline Outcome dropped(DropReason reason) {
    return {false, reason};
}
inline Outcome would_drop(DropReason reason) {
    return {true, reason};
}

/// The real programs, with tables that the test writes by hand. Slot 0 is active: generation 1,
/// stage enforce, the default baseline, no rule.
class LoadedPrograms {
  public:
    using Choices = GateChoices;
    LoadedPrograms() = default;
    ~LoadedPrograms() { GatePool::put(choices_, std::move(gate_)); }
    LoadedPrograms(const LoadedPrograms&) = delete;
    LoadedPrograms& operator=(const LoadedPrograms&) = delete;

    /// @return 0 or a negative errno
    int load() { return load(Choices{}); }
    int load(const Choices& choices) {
        GatePool::put(choices_, std::move(gate_));
        choices_ = choices;
        choices_.zone = kZone;
        const int error = GatePool::take(choices_, gate_);
        if (error != 0) {
            return error;
        }
        generation = {};
        generation.number = 1;
        generation.previous_slot = 1;
        generation.baseline = TG_BASELINE_DEFAULT;
        write_generation(0, generation);
        return 0;
    }

    [[nodiscard]] gate& object() const { return *gate_; }

    template <typename Key, typename Value>
    void put(bpf_map* map, const Key& key, const Value& value) {
        ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(map), &key, &value, BPF_ANY), 0)
            << bpf_map__name(map);
    }

    template <typename Value, typename Key>
    [[nodiscard]] std::optional<Value> find(bpf_map* map, const Key& key) const {
        Value value{};
        if (bpf_map_lookup_elem(bpf_map__fd(map), &key, &value) != 0) {
            return std::nullopt;
        }
        return value;
    }

    /// The sum over CPUs of a per-CPU value that consists of __u64 only.
    template <typename Value>
    [[nodiscard]] Value sum(bpf_map* map, std::uint32_t index) const {
        static_assert(sizeof(Value) % sizeof(std::uint64_t) == 0);
        constexpr std::size_t kWords = sizeof(Value) / sizeof(std::uint64_t);
        using Words = std::array<std::uint64_t, kWords>;
        std::vector<Words> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
        EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(map), &index, per_cpu.data()), 0);
        Words total{};
        for (const Words& one : per_cpu) {
            std::transform(one.begin(), one.end(), total.begin(), total.begin(), std::plus<>());
        }
        Value value{};
        std::memcpy(&value, total.data(), sizeof value);
        return value;
    }

    [[nodiscard]] tg_interface_counters counters(Direction direction) const {
        return sum<tg_interface_counters>(
            gate_->maps.interface_counters,
            kZone * TG_DIRECTIONS + static_cast<std::uint32_t>(direction));
    }
    [[nodiscard]] tg_gate_counters gate_counters() const {
        return sum<tg_gate_counters>(gate_->maps.gate_counters, 0);
    }
    [[nodiscard]] tg_rule_counters rule_counters(std::uint32_t rule) const {
        return sum<tg_rule_counters>(gate_->maps.rule_counters, rule);
    }

    void write_generation(std::uint32_t slot, const tg_generation& next) {
        put(gate_->maps.generations, slot, next);
    }
    void activate(std::uint32_t slot, bool open = false) {
        put(gate_->maps.control, std::uint32_t{0}, tg_control{slot, open ? 1U : 0U});
    }

    /// Sets the port class of one service.
    void set_class(std::uint32_t slot,
                   Direction direction,
                   const policy::Service& service,
                   int to) {
        const std::uint32_t index =
            slot * TG_PORTS_PER_SLOT + gate_->rodata->link * TG_PORTS_PER_LINK +
            static_cast<std::uint32_t>(direction) * TG_PORTS_PER_DIRECTION + port_index(service);
        auto four = find<tg_port_classes>(gate_->maps.port_classes, index / 4).value();
        four.class_of[index % 4] = static_cast<std::uint16_t>(to);
        put(gate_->maps.port_classes, index / 4, four);
    }

    /// The inner map of a slot.
    template <typename Key>
    void put_inner(bpf_map* outer, std::uint32_t slot, const Key& key, std::uint32_t value) {
        std::uint32_t id = 0;
        ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(outer), &slot, &id), 0);
        const int fd = bpf_map_get_fd_by_id(id);
        EXPECT_EQ(bpf_map_update_elem(fd, &key, &value, BPF_ANY), 0) << bpf_map__name(outer);
        close(fd);
    }

    /// Runs a frame through a program. @return its return value
    [[nodiscard]] int run(const bpf_program* program, const Bytes& frame, int repeat = 1) const {
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = frame.data();
        options.data_size_in = static_cast<__u32>(frame.size());
        options.repeat = repeat;
        EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0) << frame.size();
        duration_ns = options.duration;
        return static_cast<int>(options.retval);
    }

    static constexpr std::uint8_t kZone = 3;
    tg_generation generation{};  ///< as load() wrote it
    mutable std::uint32_t duration_ns = 0;

  private:
    Choices choices_;
    GatePool::Gate gate_;
};

inline std::uint64_t boot_time_ns() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * TG_SECOND +
           static_cast<std::uint64_t>(time.tv_nsec);
}

/// What a rule may have besides its action.
struct RuleFields {
    std::uint64_t expires_ns = 0;
    std::uint64_t packet_interval_ns = 0;
    std::uint64_t packet_burst_ns = 0;
    std::uint64_t flow_interval_ns = 0;
    std::uint64_t flow_burst_ns = 0;
    std::uint8_t flags = 0;
};

/// Skips itself without root; in CI it fails.
class GateTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0) {
            ASSERT_EQ(std::getenv("CI"), nullptr) << "these tests need root";
            GTEST_SKIP() << "needs root";
        }
        ASSERT_EQ(programs.load(), 0);
    }

    /// Judges a frame and checks that exactly one counter of frames moved.
    Outcome judge(const Bytes& frame, Direction direction) {
        return direction == kIn
                   ? judge(frame, kIn, programs.object().progs.xdp_gate, XDP_PASS)
                   : judge(frame, kOut, programs.object().progs.tc_egress, TC_ACT_UNSPEC);
    }
    /// Where XDP cannot be attached.
    Outcome judge_at_tc_ingress(const Bytes& frame) {
        return judge(frame, kIn, programs.object().progs.tc_ingress, TC_ACT_UNSPEC);
    }

    /// Rule `number` of the active slot.
    void set_rule(std::uint32_t number, tg_action action = TG_ACTION_PASS, RuleFields fields = {}) {
        tg_rule rule{};
        rule.action = static_cast<std::uint8_t>(action);
        rule.flags = fields.flags;
        rule.expires_ns = fields.expires_ns;
        rule.packet_interval_ns = fields.packet_interval_ns;
        rule.packet_burst_ns = fields.packet_burst_ns;
        rule.flow_interval_ns = fields.flow_interval_ns;
        rule.flow_burst_ns = fields.flow_burst_ns;
        programs.put(programs.object().maps.rules, number, rule);
    }
    /// Makes port class `port_class` of one service with a rule for any remote (0: none).
    void open_port(Direction direction,
                   const policy::Service& service,
                   int port_class,
                   std::uint32_t any_rule,
                   std::uint32_t dimensions = 0) {
        programs.set_class(0, direction, service, port_class);
        programs.put(programs.object().maps.port_rules,
                     static_cast<std::uint32_t>(port_class),
                     tg_port_rule{any_rule, dimensions});
    }
    /// The same, with rule 1 that passes.
    void allow_any(Direction direction, const policy::Service& service) {
        set_rule(1);
        open_port(direction, service, direction == kIn ? 1 : 2, 1);
    }
    void set_verdict(std::uint32_t remote_class, std::uint16_t port_class, std::uint32_t rule) {
        programs.put_inner(
            programs.object().maps.verdicts, 0, tg_verdict_key{remote_class, port_class, 0}, rule);
    }
    /// Gives an address a class, and the filter its bit.
    void set_host(const IpAddress& address, std::uint32_t remote_class) {
        programs.put_inner(programs.object().maps.hosts, 0, address.bytes, remote_class);
        set_filter(address);
    }
    void set_filter(const IpAddress& address) {
        const auto at = [&](std::size_t i) {
            return static_cast<unsigned>(address.bytes[i] << 8U | address.bytes[i + 1]);
        };
        const unsigned bit = address.is_ipv4() ? at(12) : at(0) ^ at(2);
        const std::uint32_t index = (address.is_ipv4() ? 0 : TG_ADDRESS_FILTER_WORDS) + bit / 64;
        bpf_map* map = programs.object().maps.address_filter;
        const std::uint64_t word = programs.find<std::uint64_t>(map, index).value();
        programs.put(map, index, word | std::uint64_t{1} << bit % 64);
    }
    void set_stage(tg_stage stage) {
        programs.generation.stage[LoadedPrograms::kZone] = static_cast<std::uint8_t>(stage);
        programs.write_generation(0, programs.generation);
    }
    /// The same tables under another number: every cached verdict is void.
    void bump() {
        programs.generation.number += 1;
        programs.write_generation(0, programs.generation);
    }

    static tg_flow_key key_of(const Bytes& frame, Direction direction) {
        const tg_frame view{frame.data(),
                            frame.data() + frame.size(),
                            static_cast<std::uint32_t>(frame.size()),
                            static_cast<std::uint8_t>(direction)};
        tg_packet packet{};
        EXPECT_EQ(tg_parse(&view, TG_LINK_CLEAR, 0, &packet), TG_DROP_NONE);
        packet.key.zone = LoadedPrograms::kZone;
        return packet.key;
    }
    [[nodiscard]] std::optional<tg_flow> flow_of(const Bytes& frame, Direction direction) {
        return programs.find<tg_flow>(programs.object().maps.flows, key_of(frame, direction));
    }
    [[nodiscard]] std::optional<tg_flow> embryo_of(const Bytes& frame, Direction direction) {
        return programs.find<tg_flow>(programs.object().maps.embryos, key_of(frame, direction));
    }
    /// Makes the flow of a frame as old as if it had been silent for so long.
    void age(const Bytes& frame, Direction direction, std::uint64_t silent_ns) {
        for (bpf_map* table : {programs.object().maps.flows, programs.object().maps.embryos}) {
            const tg_flow_key key = key_of(frame, direction);
            if (auto flow = programs.find<tg_flow>(table, key)) {
                flow->last_seen_ns = boot_time_ns() - silent_ns;
                programs.put(table, key, *flow);
            }
        }
    }

    LoadedPrograms programs;

  private:
    Outcome judge(const Bytes& frame, Direction direction, const bpf_program* program, int pass) {
        const tg_interface_counters before = programs.counters(direction);
        const int action = programs.run(program, frame);
        const tg_interface_counters after = programs.counters(direction);
        Outcome outcome{action == pass, DropReason::none};
        std::uint64_t drops = 0;
        std::uint64_t would_drops = 0;
        for (std::size_t i = 0; i < TG_DROP_REASON_COUNT; ++i) {
            const std::uint64_t moved = after.drops[i] - before.drops[i];
            const std::uint64_t would = after.would_drop[i] - before.would_drop[i];
            drops += moved;
            would_drops += would;
            if (moved + would != 0) {
                outcome.reason = static_cast<DropReason>(i);
            }
        }
        EXPECT_EQ(drops, outcome.passed ? 0U : 1U);
        EXPECT_LE(would_drops, outcome.passed ? 1U : 0U);
        EXPECT_EQ(after.passed_packets - before.passed_packets, outcome.passed ? 1U : 0U);
        EXPECT_EQ(after.passed_bytes - before.passed_bytes, outcome.passed ? frame.size() : 0U);
        EXPECT_EQ(after.dropped_bytes - before.dropped_bytes, outcome.passed ? 0U : frame.size());
        return outcome;
    }
};

}  // namespace tollgate::test
