// SPDX-License-Identifier: MIT
#include "agent/datapath/name_tables.hpp"

#include <cerrno>
#include <span>
#include <vector>

#include <bpf/bpf.h>

#include <fmt/format.h>

#include <tollgate/abi/name_hash.h>
#include <tollgate/ip.hpp>

#include "crypto/random.hpp"

namespace tollgate::agent {

namespace {

constexpr const char* kTable = "names";

// Uniform in 1 to p - 1.
std::uint64_t draw_key() {
    std::uint64_t key = 0;
    while (key == 0 || key == TG_NAME_HASH_PRIME) {
        crypto::fill_random(std::as_writable_bytes(std::span{&key, 1}));
        key &= TG_NAME_HASH_PRIME;  // 61 ones
    }
    return key;
}

Result<void> clear(const MapHandle& map) {
    std::vector<std::byte> keys;
    std::size_t count = 0;
    auto listed = visit_entries(map, [&](const std::byte* key, const std::byte*) {
        keys.insert(keys.end(), key, key + map.key_size);
        ++count;
    });
    return listed.and_then([&] { return remove_entries(map, keys.data(), count); });
}

}  // namespace

Result<tg_name_key> NameTables::read() const {
    tg_name_key entry{};
    return read_range(maps_.map("name_key"), 0, 1, &entry).map([&] { return entry; });
}

Result<void> NameTables::write(const tg_name_key& entry) const {
    return write_range(maps_.map("name_key"), 0, 1, &entry);
}

// The kernel's id of the table in a slot; 0: none.
Result<std::uint32_t> NameTables::table_in(std::uint32_t slot) const {
    std::uint32_t id = 0;
    if (bpf_map_lookup_elem(maps_.map_fd(kTable), &slot, &id) != 0 && errno != ENOENT) {
        return failure(errno, fmt::format("look up the table {} of slot {}", kTable, slot));
    }
    return id;
}

// In this order, so that an agent that dies in between leaves something that the next one drops.
Result<std::uint64_t> NameTables::settle() const {
    auto entry = read();
    if (!entry) {
        return Failure{entry.error()};
    }
    bool consistent = entry->key != 0;
    for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot) {
        const auto table = table_in(slot);
        if (!table) {
            return Failure{table.error()};
        }
        if (*table == entry->tables[slot]) {
            continue;
        }
        consistent = false;
        if (auto dropped = drop(slot); !dropped) {
            return Failure{dropped.error()};
        }
        entry->tables[slot] = 0;
    }
    if (consistent) {
        return entry->key;
    }
    if (auto cleared = clear(maps_.map("resolved")); !cleared) {
        return Failure{cleared.error()};
    }
    if (entry->key == 0) {
        entry->key = draw_key();
    }
    return write(*entry).map([&]() -> std::uint64_t { return entry->key; });
}

Result<std::uint64_t> NameTables::key() const {
    const auto entry = read();
    if (!entry) {
        return Failure{entry.error()};
    }
    return entry->key != 0 ? Result<std::uint64_t>{entry->key}
                           : failure(EINVAL, "names have no key yet");
}

Result<void> NameTables::note(std::uint32_t slot) const {
    auto entry = read();
    const auto table = table_in(slot);
    if (!entry || !table) {
        return Failure{entry ? table.error() : entry.error()};
    }
    entry->tables[slot] = *table;
    return write(*entry);
}

bool NameTables::has(std::uint32_t slot) const {
    return table_in(slot).value_or(0) != 0;
}

Result<void> NameTables::drop(std::uint32_t slot) const {
    if (bpf_map_delete_elem(maps_.map_fd(kTable), &slot) != 0 && errno != ENOENT) {
        return failure(errno, fmt::format("drop the table {} of slot {}", kTable, slot));
    }
    return remove_pin(pins_.table(slot, kTable));
}

}  // namespace tollgate::agent
