// SPDX-License-Identifier: MIT
#include "agent/datapath/state_tables.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include "agent/datapath/counters.hpp"
#include "agent/datapath/map_keys.hpp"
#include "agent/system/boot_clock.hpp"

namespace tollgate::agent {

namespace {

template <typename Value>
Value value_from(const std::byte* bytes) {
    Value value{};
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

// Visits a map whose entries are {Key, Value}.
template <typename Key, typename Value, typename Visitor>
Result<void> visit_as(const MapHandle& map, const Visitor& visit) {
    return visit_entries(map, [&](const std::byte* key, const std::byte* value) {
        visit(value_from<Key>(key), value_from<Value>(value));
    });
}

std::string text_of(const tg_peer_name& name) {
    return {std::begin(name.name), std::find(std::begin(name.name), std::end(name.name), 0)};
}

// Where a name goes: its own entry, else an unused one, else the one that expires first.
tg_resolved_name& place_for(tg_resolved& resolved, std::uint64_t pattern) {
    const auto now = boot_time_ns();
    const auto rank = [&](const tg_resolved_name& name) -> std::uint64_t {
        if (name.pattern == pattern) {
            return 0;
        }
        return name.pattern == 0 || name.expires_ns <= now ? 1 : name.expires_ns;
    };
    return *std::min_element(std::begin(resolved.names),
                             std::end(resolved.names),
                             [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

std::int64_t evicted(std::uint64_t added, std::uint64_t removed, std::uint64_t left) {
    return static_cast<std::int64_t>(added - removed - left);
}

}  // namespace

Result<void> StateTables::for_each_flow(const Gate::FlowVisitor& visit) const {
    const auto visit_table = [&](const char* table, bool embryo) {
        return visit_as<tg_flow_key, tg_flow>(
            maps_.map(table),
            [&](const tg_flow_key& key, const tg_flow& flow) { visit(key, flow, embryo); });
    };
    return visit_table("embryos", true).and_then([&] { return visit_table("flows", false); });
}

Result<void> StateTables::use_local_port(std::uint16_t number) const {
    const std::uint32_t port = number;
    const std::uint8_t used = 1;
    if (bpf_map_update_elem(maps_.map_fd("local_ports"), &port, &used, BPF_ANY) != 0) {
        return failure(errno, fmt::format("mark the local port {}", number));
    }
    return {};
}

Result<void> StateTables::seed_flow(const tg_flow_key& key, const tg_flow& flow) const {
    if (key.protocol == IPPROTO_UDP) {
        if (auto used = use_local_port(ntohs(key.local_port)); !used) {
            return used;
        }
    }
    // A flow that lives knows better than what was saved of it.
    if (bpf_map_update_elem(maps_.map_fd("flows"), &key, &flow, BPF_NOEXIST) != 0 &&
        errno != EEXIST) {
        return failure(errno, "restore a flow");
    }
    return {};
}

Result<void> StateTables::for_each_service(const Gate::ServiceVisitor& visit) const {
    return visit_as<tg_service_key, tg_service>(maps_.map("services"), visit);
}

Result<void> StateTables::remove_service(const tg_service_key& key) const {
    return remove_entries(maps_.map("services"), &key, 1);
}

Result<void> StateTables::resolve(const IpAddress& address,
                                  std::uint64_t pattern,
                                  std::uint64_t expires_ns) const {
    const int fd = maps_.map_fd("resolved");
    tg_resolved resolved{};
    if (bpf_map_lookup_elem(fd, &address, &resolved) != 0 && errno != ENOENT) {
        return failure(errno, "look up the names of an address");
    }
    tg_resolved_name& name = place_for(resolved, pattern);
    if (name.pattern != pattern) {
        name = {.pattern = pattern, .expires_ns = 0};
    }
    name.expires_ns = std::max<std::uint64_t>(name.expires_ns, expires_ns);
    return put_entries(maps_.map("resolved"), &address, &resolved, 1);
}

Result<void> StateTables::for_each_resolved(const Gate::ResolvedVisitor& visit) const {
    return visit_as<IpAddress, tg_resolved>(maps_.map("resolved"), visit);
}

Result<std::vector<PeerAddress>> StateTables::peer_addresses() const {
    std::vector<PeerAddress> addresses;
    const auto add = [&](const tg_peer_prefix_key& key, const tg_peer_name& name) {
        PeerAddress& address = addresses.emplace_back();
        address.zone = key.zone;
        std::copy(
            std::begin(key.address), std::end(key.address), address.prefix.address.bytes.begin());
        address.prefix.length = static_cast<std::uint8_t>(key.length - TG_PEER_ZONE_BITS);
        address.peer = text_of(name);
    };
    return visit_as<tg_peer_prefix_key, tg_peer_name>(maps_.map("peer_addresses"), add).map([&] {
        return addresses;
    });
}

std::string StateTables::peer_of(std::uint8_t zone, const Prefix& inner) const {
    const tg_peer_prefix_key key = map_key(zone, inner);
    tg_peer_name name{};
    const int found = bpf_map_lookup_elem(maps_.map_fd("peer_addresses"), &key, &name);
    return found == 0 ? text_of(name) : std::string{};
}

// Entries that come while the table is read must not count as thrown out, nor those that are
// removed: what was added is read before and what was removed behind, or the other way round.
Gate::TableUse StateTables::use_of_flows(const char* table, tg_flow_table index) const {
    const auto before = read_table_counters(maps_, index);
    Gate::TableUse use{.table = table, .used = 0, .limit = maps_.map(table).max_entries};
    const auto read =
        visit_entries(maps_.map(table), [&](const std::byte*, const std::byte*) { ++use.used; });
    const auto after = read_table_counters(maps_, index);
    if (before && read && after) {
        use.evictions = {.at_least = evicted(before->added, after->removed, use.used),
                         .at_most = evicted(after->added, before->removed, use.used)};
    }
    return use;
}

Gate::TableUse StateTables::use(const char* table) const {
    const MapHandle& map = maps_.map(table);
    Gate::TableUse use{.table = table, .used = 0, .limit = map.max_entries};
    // A table that cannot be read counts as empty: this is for metrics, the readers say why.
    static_cast<void>(visit_entries(map, [&](const std::byte*, const std::byte*) { ++use.used; }));
    return use;
}

}  // namespace tollgate::agent
