// SPDX-License-Identifier: MIT
#include "agent/datapath/blocklist.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "agent/datapath/map_keys.hpp"

namespace tollgate::agent {

namespace {

std::vector<tg_prefix_key> keys_of(std::span<const Prefix> prefixes) {
    std::vector<tg_prefix_key> keys(prefixes.size());
    std::transform(prefixes.begin(), prefixes.end(), keys.begin(), [](const Prefix& prefix) {
        return map_key(prefix);
    });
    return keys;
}

}  // namespace

Result<void> Blocklist::add(std::span<const Prefix> prefixes) {
    const auto present = list();
    if (!present) {
        return Failure{present.error()};
    }
    std::vector<Prefix> fresh{prefixes.begin(), prefixes.end()};
    std::sort(fresh.begin(), fresh.end());
    fresh.erase(std::unique(fresh.begin(), fresh.end()), fresh.end());
    std::erase_if(fresh, [&](const Prefix& prefix) {
        return std::binary_search(present->begin(), present->end(), prefix);
    });
    if (present->size() + fresh.size() > map_.max_entries) {
        return failure(
            ENOSPC,
            fmt::format("the blocklist has {} prefixes and room for {}: no room for {} more",
                        present->size(),
                        map_.max_entries,
                        fresh.size()));
    }
    const auto keys = keys_of(fresh);
    const std::vector<std::byte> values(keys.size() * map_.stride(), std::byte{1});
    size_.reset();
    return put_entries(map_, keys.data(), values.data(), keys.size()).map([&] {
        size_ = present->size() + fresh.size();
    });
}

Result<void> Blocklist::remove(std::span<const Prefix> prefixes) {
    size_.reset();
    const auto keys = keys_of(prefixes);
    return remove_entries(map_, keys.data(), keys.size());
}

Result<std::vector<Prefix>> Blocklist::list() const {
    std::vector<Prefix> prefixes;
    const auto visit = [&](const std::byte* bytes, const std::byte*) {
        tg_prefix_key key{};
        std::memcpy(&key, bytes, sizeof key);
        Prefix prefix{.address = {}, .length = static_cast<std::uint8_t>(key.length)};
        std::copy(std::begin(key.address), std::end(key.address), prefix.address.bytes.begin());
        prefixes.push_back(prefix);
    };
    return visit_entries(map_, visit).map([&] {
        std::sort(prefixes.begin(), prefixes.end());
        return std::move(prefixes);
    });
}

Result<std::uint64_t> Blocklist::size() {
    if (!size_) {
        std::uint64_t count = 0;
        const auto visited =
            visit_entries(map_, [&](const std::byte*, const std::byte*) { ++count; });
        if (!visited) {
            return Failure{visited.error()};
        }
        size_ = count;
    }
    return *size_;
}

}  // namespace tollgate::agent
