// SPDX-License-Identifier: MIT
#include "tests/differential/loaded_gate.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <linux/pkt_cls.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "agent/datapath/map_keys.hpp"
#include "agent/datapath/name_tables.hpp"
#include "agent/system/boot_clock.hpp"

namespace tollgate::test {
namespace {

constexpr std::uint8_t kZone = 3;
constexpr std::uint32_t kXdpPass = 2;

std::filesystem::path pin_dir() {
    static int instance = 0;
    return "/sys/fs/bpf/tollgate-test-" + std::to_string(getpid()) + "-" +
           std::to_string(++instance);
}

tg_prefix_key prefix_key(const Prefix& prefix) {
    tg_prefix_key key{};
    key.length = prefix.length;
    std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), std::begin(key.address));
    return key;
}

tg_peer_prefix_key peer_key(const Prefix& prefix) {
    tg_peer_prefix_key key{};
    key.length = TG_PEER_ZONE_BITS + prefix.length;
    key.zone = kZone;
    std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), std::begin(key.address));
    return key;
}

// A per-CPU entry, one value after the other.
template <typename Value>
std::vector<Value> per_cpu(int map, std::uint32_t index) {
    std::vector<Value> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    bpf_map_lookup_elem(map, &index, values.data());
    return values;
}

void add(tg_interface_counters& sum, const tg_interface_counters& part) {
    sum.passed_packets += part.passed_packets;
    for (std::size_t i = 0; i < TG_DROP_REASON_COUNT; ++i) {
        sum.drops[i] += part.drops[i];
        sum.would_drop[i] += part.would_drop[i];
    }
}

// The counter that moved between the two readings.
Observation difference(const tg_interface_counters& now, const tg_interface_counters& before) {
    Observation seen;
    seen.frames_counted = now.passed_packets - before.passed_packets;
    for (std::size_t i = 0; i < TG_DROP_REASON_COUNT; ++i) {
        seen.frames_counted += now.drops[i] - before.drops[i];
        seen.would_drop = seen.would_drop || now.would_drop[i] != before.would_drop[i];
        if (now.drops[i] != before.drops[i] || now.would_drop[i] != before.would_drop[i]) {
            seen.reason = static_cast<DropReason>(i);
        }
    }
    return seen;
}

}  // namespace

LoadedGate::LoadedGate(agent::PinFolder pins,
                       agent::GateObject maps,
                       agent::GateObject programs,
                       tg_link link)
    : pins_(std::move(pins)),
      maps_(std::move(maps)),
      programs_(std::move(programs)),
      writer_(maps_, pins_),
      link_(link) {}

Result<std::unique_ptr<LoadedGate>> LoadedGate::load(const agent::LoadOptions& sizes,
                                                     tg_link link) {
    if (geteuid() != 0) {
        return failure(EPERM, "load the gate");
    }
    auto pins = agent::PinFolder::open(pin_dir());
    if (!pins) {
        return Failure{pins.error()};
    }
    auto maps = agent::GateObject::load(*pins, sizes);
    if (!maps) {
        return Failure{maps.error()};
    }
    auto programs = maps->load_again(kZone, link, false);
    if (!programs) {
        return Failure{programs.error()};
    }
    std::unique_ptr<LoadedGate> gate{
        new LoadedGate(*std::move(pins), *std::move(maps), *std::move(programs), link)};
    const auto key = agent::NameTables{gate->maps_, gate->pins_}.settle();
    if (!key) {
        return Failure{key.error()};
    }
    gate->name_key_ = *key;
    return gate;
}

LoadedGate::~LoadedGate() {
    std::error_code ignored;
    std::filesystem::remove_all(pins_.root(), ignored);
}

Result<void> LoadedGate::blocklist(const Prefix& prefix, bool add) {
    const tg_prefix_key key = prefix_key(prefix);
    const std::uint8_t value[4]{1};
    const int map = maps_.map_fd("blocklist");
    const int error =
        add ? bpf_map_update_elem(map, &key, value, BPF_ANY) : bpf_map_delete_elem(map, &key);
    if (error != 0) {
        return failure(-error, "change the blocklist");
    }
    return {};
}

Result<void> LoadedGate::resolve(const IpAddress& address,
                                 std::uint64_t pattern,
                                 std::uint64_t expires_ns) {
    tg_resolved resolved{};
    const int map = maps_.map_fd("resolved");
    bpf_map_lookup_elem(map, address.bytes.data(), &resolved);
    const auto place = std::find_if(
        std::begin(resolved.names), std::end(resolved.names), [&](const tg_resolved_name& name) {
            return name.pattern == pattern || name.pattern == 0;
        });
    if (place == std::end(resolved.names)) {
        return failure(ENOSPC, "resolve an address");
    }
    *place = {pattern, std::max<std::uint64_t>(place->expires_ns, expires_ns)};
    if (const int error = bpf_map_update_elem(map, address.bytes.data(), &resolved, BPF_ANY)) {
        return failure(-error, "resolve an address");
    }
    return {};
}

Result<void> LoadedGate::own(const Prefix& prefix, const std::string& peer) {
    const tg_peer_prefix_key key = peer_key(prefix);
    const tg_peer_name name = agent::map_key(std::string_view{peer});
    if (const int error =
            bpf_map_update_elem(maps_.map_fd("peer_addresses"), &key, &name, BPF_ANY)) {
        return failure(-error, "give an address to a peer");
    }
    return revoke_verdicts();
}

Result<void> LoadedGate::disown(const Prefix& prefix) {
    const tg_peer_prefix_key key = peer_key(prefix);
    bpf_map_delete_elem(maps_.map_fd("peer_addresses"), &key);
    return revoke_verdicts();
}

Result<void> LoadedGate::revoke_verdicts() {
    const std::uint32_t zone = kZone;
    const std::uint64_t now = agent::boot_time_ns();
    if (const int error =
            bpf_map_update_elem(maps_.map_fd("peers_changed"), &zone, &now, BPF_ANY)) {
        return failure(-error, "revoke the verdicts of a tunnel");
    }
    return {};
}

std::set<std::uint64_t> LoadedGate::names_of(const IpAddress& address) const {
    tg_resolved resolved{};
    bpf_map_lookup_elem(maps_.map_fd("resolved"), address.bytes.data(), &resolved);
    std::set<std::uint64_t> patterns;
    for (const tg_resolved_name& name : resolved.names) {
        if (name.pattern != 0) {
            patterns.insert(name.pattern);
        }
    }
    return patterns;
}

int LoadedGate::program(policy::Direction direction) const {
    const char* const ingress = link_ == TG_LINK_TUNNEL ? "tc_ingress" : "xdp_gate";
    return programs_.program(direction == policy::Direction::ingress ? ingress : "tc_egress");
}

Result<bool> LoadedGate::run_uncounted(std::span<const std::byte> frame,
                                       policy::Direction direction) {
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(frame.size());
    if (const int error = bpf_prog_test_run_opts(program(direction), &run)) {
        return failure(-error, "run a frame of " + std::to_string(frame.size()) + " bytes");
    }
    const bool is_xdp = link_ == TG_LINK_CLEAR && direction == policy::Direction::ingress;
    return is_xdp ? run.retval == kXdpPass : run.retval != TC_ACT_SHOT;
}

Result<Observation> LoadedGate::run(std::span<const std::byte> frame, policy::Direction direction) {
    const auto passed = run_uncounted(frame, direction);
    if (!passed) {
        return Failure{passed.error()};
    }
    const tg_interface_counters now = counters(direction);
    tg_interface_counters& before = last_.at(static_cast<std::size_t>(direction));
    Observation seen = difference(now, before);
    seen.passed = *passed;
    before = now;
    return seen;
}

tg_interface_counters LoadedGate::counters(policy::Direction direction) const {
    const auto index =
        static_cast<std::uint32_t>(kZone * TG_DIRECTIONS + static_cast<int>(direction));
    tg_interface_counters sum{};
    for (const auto& part :
         per_cpu<tg_interface_counters>(maps_.map_fd("interface_counters"), index)) {
        add(sum, part);
    }
    return sum;
}

std::uint32_t LoadedGate::slot() const {
    const auto slot = writer_.slot_in_force();
    return slot ? *slot : TG_SLOTS;
}

std::uint64_t LoadedGate::rule_packets(std::uint32_t slot, std::uint32_t rule) const {
    const std::uint32_t index = slot * TG_RULES_MAX + rule;
    std::uint64_t packets = 0;
    for (const auto& part : per_cpu<tg_rule_counters>(maps_.map_fd("rule_counters"), index)) {
        packets += part.packets;
    }
    return packets;
}

std::vector<tg_flow_key> LoadedGate::flows(const char* table) const {
    std::vector<tg_flow_key> keys;
    tg_flow_key key{};
    tg_flow_key next{};
    const int map = maps_.map_fd(table);
    for (const void* from = nullptr; bpf_map_get_next_key(map, from, &next) == 0; from = &key) {
        key = next;
        keys.push_back(key);
    }
    return keys;
}

std::optional<tg_flow> LoadedGate::flow(const char* table, const tg_flow_key& key) const {
    tg_flow_key in_zone = key;
    in_zone.zone = kZone;
    tg_flow flow{};
    const bool found = bpf_map_lookup_elem(maps_.map_fd(table), &in_zone, &flow) == 0;
    return found ? std::optional(flow) : std::nullopt;
}

Result<void> LoadedGate::put_flow(const char* table, const tg_flow_key& key, const tg_flow& flow) {
    if (const int error = bpf_map_update_elem(maps_.map_fd(table), &key, &flow, BPF_ANY)) {
        return failure(-error, std::string("put a flow into ") + table);
    }
    return {};
}

}  // namespace tollgate::test
