// SPDX-License-Identifier: MIT
#include "agent/datapath/slot_tables.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <linux/bpf.h>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include <tollgate/abi/counters.h>

#include "agent/datapath/map_keys.hpp"
#include "agent/datapath/name_tables.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

constexpr std::uint32_t kClassesPerElement = 4;
constexpr std::uint32_t kPortElements = TG_PORTS_PER_SLOT / kClassesPerElement;
constexpr std::uint32_t kFilterElements = 2U * TG_ADDRESS_FILTER_WORDS;
static_assert(TG_PORTS_PER_DIRECTION % kClassesPerElement == 0);

constexpr std::array kCopiedMaps{"hosts", "prefixes", "macs", "peers", "verdicts"};  // and names

// An array of which every slot has a part.
struct SlottedArray {
    const char* name;
    std::uint32_t per_slot;
};
constexpr std::array kPolicyArrays{SlottedArray{"port_classes", kPortElements},
                                   SlottedArray{"port_rules", TG_PORT_CLASSES_MAX},
                                   SlottedArray{"rules", TG_RULES_MAX},
                                   SlottedArray{"address_filter", kFilterElements}};
constexpr std::array kCounterArrays{SlottedArray{"rule_limits", TG_RULES_MAX},
                                    SlottedArray{"rule_counters", TG_RULES_MAX}};

// Wall-clock seconds to CLOCK_BOOTTIME. What expired before the boot has expired at its first
// nanosecond, because zero means never.
std::uint64_t boot_expiry_ns(std::uint64_t wall_seconds, std::int64_t boot_minus_wall_ns) {
    constexpr std::uint64_t kForEver = INT64_MAX / TG_SECOND / 2;
    if (wall_seconds == 0 || wall_seconds > kForEver) {
        return 0;
    }
    const auto wall_ns = static_cast<std::int64_t>(wall_seconds * TG_SECOND);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ns + boot_minus_wall_ns, 1));
}

std::vector<tg_port_classes> elements_of(const policy::CompiledPolicy& policy) {
    std::vector<tg_port_classes> elements(kPortElements);
    std::size_t index = 0;
    for (const auto& of_link : policy.port_classes) {
        for (const auto& classes : of_link) {
            for (const std::uint16_t port_class : classes) {
                tg_port_classes& element = elements[index / kClassesPerElement];
                element.class_of[index % kClassesPerElement] = port_class;
                ++index;
            }
        }
    }
    return elements;
}

Result<void> check_sizes(const policy::CompiledPolicy& policy) {
    const auto is_incomplete = [](const auto& classes) {
        return classes.size() != TG_PORTS_PER_DIRECTION;
    };
    for (const auto& of_link : policy.port_classes) {
        if (std::ranges::any_of(of_link, is_incomplete)) {
            return failure(EINVAL, "a compiled policy without a class for every port");
        }
    }
    if (policy.rules.size() > TG_RULES_MAX) {
        return failure(ENOSPC,
                       fmt::format("the policy has {} rules, the gate has room for {}",
                                   policy.rules.size() - 1,
                                   TG_RULES_MAX - 1));
    }
    if (policy.port_rules.size() > TG_PORT_CLASSES_MAX) {
        return failure(ENOSPC,
                       fmt::format("the policy needs {} port classes, the gate has room for {}",
                                   policy.port_rules.size(),
                                   TG_PORT_CLASSES_MAX));
    }
    return {};
}

// The first error of several steps.
Result<void> all_of(std::initializer_list<Result<void>> results) {
    const auto failed =
        std::find_if(results.begin(), results.end(), [](const Result<void>& result) {
            return !result.has_value();
        });
    return failed == results.end() ? Result<void>{} : *failed;
}

}  // namespace

Result<void> SlotTables::fill(std::uint32_t slot,
                              const policy::CompiledPolicy& policy,
                              std::int64_t boot_minus_wall_ns) const {
    return check_sizes(policy)
        .and_then([&] { return fill_inner_maps(slot, policy); })
        .and_then([&] { return fill_arrays(slot, policy, boot_minus_wall_ns); })
        .and_then([&] { return zero_counters(slot); });
}

Result<void> SlotTables::fill_arrays(std::uint32_t slot,
                                     const policy::CompiledPolicy& policy,
                                     std::int64_t boot_minus_wall_ns) const {
    std::vector<tg_rule> rules = policy.rules;
    for (tg_rule& rule : rules) {
        rule.expires_ns = boot_expiry_ns(rule.expires_ns, boot_minus_wall_ns);
    }
    rules.resize(TG_RULES_MAX);  // what an earlier policy left is zeroed
    std::vector<tg_port_rule> port_rules = policy.port_rules;
    port_rules.resize(TG_PORT_CLASSES_MAX);
    const auto write = [&](const char* name, const auto& values) {
        const auto per_slot = static_cast<std::uint32_t>(values.size());
        return write_range(maps_.map(name), slot * per_slot, per_slot, values.data());
    };
    return all_of({write("port_classes", elements_of(policy)),
                   write("port_rules", port_rules),
                   write("rules", rules),
                   write("address_filter", policy.address_filter)});
}

Result<void> SlotTables::fill_inner_maps(std::uint32_t slot,
                                         const policy::CompiledPolicy& policy) const {
    return all_of({fill_inner_map(slot, "hosts", policy.hosts),
                   fill_inner_map(slot, "prefixes", policy.prefixes),
                   fill_inner_map(slot, "macs", policy.macs),
                   fill_inner_map(slot, "peers", policy.peers),
                   fill_names(slot, policy),
                   fill_inner_map(slot, "verdicts", policy.verdicts)});
}

Result<void> SlotTables::fill_names(std::uint32_t slot,
                                    const policy::CompiledPolicy& policy) const {
    const NameTables tables{maps_, pins_};
    const auto key = tables.key();
    if (!key) {
        return Failure{key.error()};
    }
    std::vector<std::pair<std::uint64_t, std::uint32_t>> hashed;
    hashed.reserve(policy.names.size());
    for (const auto& [pattern, number] : policy.names) {
        hashed.emplace_back(pattern.hash(*key), number);
    }
    return fill_inner_map(slot, "names", hashed).and_then([&] { return tables.note(slot); });
}

template <typename Key>
Result<void> SlotTables::fill_inner_map(
    std::uint32_t slot,
    const char* name,
    const std::vector<std::pair<Key, std::uint32_t>>& entries) const {
    std::vector<std::decay_t<decltype(map_key(entries[0].first))>> keys;
    std::vector<std::uint32_t> values;
    keys.reserve(entries.size());
    values.reserve(entries.size());
    for (const auto& [key, value] : entries) {
        keys.push_back(map_key(key));
        values.push_back(value);
    }
    const InnerMap shape = maps_.inner_map(name);
    if (shape.key_size != sizeof keys[0] || shape.value_size != sizeof values[0]) {
        return failure(EINVAL, fmt::format("the tables of {} have other entries", name));
    }
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    options.map_flags = shape.flags;
    const auto size = static_cast<std::uint32_t>(std::max<std::size_t>(entries.size(), 1));
    const FileDescriptor inner{bpf_map_create(static_cast<bpf_map_type>(shape.type),
                                              name,
                                              shape.key_size,
                                              shape.value_size,
                                              size,
                                              &options)};
    if (!inner) {
        return failure(errno,
                       fmt::format("make the table {} for {} entries", name, entries.size()));
    }
    return MapHandle::of(inner.get())
        .and_then([&](const MapHandle& map) {
            return put_entries(map, keys.data(), values.data(), keys.size());
        })
        .and_then([&] { return install(slot, name, inner.get()); });
}

Result<void> SlotTables::install(std::uint32_t slot, const char* name, int inner_fd) const {
    const MapHandle& outer = maps_.map(name);
    if (bpf_map_update_elem(outer.fd, &slot, &inner_fd, BPF_ANY) != 0) {
        return failure(errno, fmt::format("install the table {} in slot {}", name, slot));
    }
    return replace_pin(inner_fd, pins_.table(slot, name));
}

Result<void> SlotTables::zero_counters(std::uint32_t slot) const {
    for (const auto& [name, per_slot] : kCounterArrays) {
        const MapHandle& map = maps_.map(name);
        const std::vector<std::byte> zeroes(per_slot * map.stride());
        if (auto zeroed = write_range(map, slot * per_slot, per_slot, zeroes.data()); !zeroed) {
            return zeroed;
        }
    }
    return {};
}

Result<void> SlotTables::copy_inner_map(std::uint32_t from,
                                        std::uint32_t to,
                                        const char* name) const {
    const auto inner = open_pin(pins_.table(from, name));
    if (!inner) {
        return Failure{inner.error()};
    }
    return inner->has_value()
               ? install(to, name, (*inner)->get())
               : failure(ENOENT, fmt::format("copy the table {} of slot {}", name, from));
}

Result<void> SlotTables::copy_names(std::uint32_t from, std::uint32_t to) const {
    const NameTables tables{maps_, pins_};
    auto copied = tables.has(from) ? copy_inner_map(from, to, "names") : tables.drop(to);
    return copied.and_then([&] { return tables.note(to); });
}

Result<void> SlotTables::copy(std::uint32_t from, std::uint32_t to) const {
    for (const char* name : kCopiedMaps) {
        if (auto copied = copy_inner_map(from, to, name); !copied) {
            return copied;
        }
    }
    if (auto copied = copy_names(from, to); !copied) {
        return copied;
    }
    for (const SlottedArray& array : kPolicyArrays) {
        const MapHandle& map = maps_.map(array.name);
        const std::uint32_t size = array.per_slot;
        std::vector<std::byte> values(size * map.stride());
        auto copied = read_range(map, from * size, size, values.data()).and_then([&] {
            return write_range(map, to * size, size, values.data());
        });
        if (!copied) {
            return copied;
        }
    }
    return zero_counters(to);
}

}  // namespace tollgate::agent
